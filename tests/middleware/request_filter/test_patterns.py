"""Patterns of paths and user agents."""

from typing import Any

import pytest

from wsgistack import ConfigError
from wsgistack.middleware.request_filter.patterns import (
    compile_path_rules,
    compile_user_agent_rules,
    find_rule,
)


def find(path: str, *entries: str, **keys: Any) -> str:
    find_path_rule = compile_path_rules(entries, key="denied_paths")
    assert find_path_rule
    return find_path_rule({"PATH_INFO": path, **keys})


SCANNED = [
    *("/.git/config", "/.git", "/.env", "/.env.local", "/api/.env", "/prod.env", "/.DS_Store", "/.aws/credentials"),
    *("/.htaccess", "/.well-known.php", "/.well-knownx", "/.well-known/.env", "/.well-known/../.git/config", "/..."),
    *("/wp-login.php", "/blog/wp-admin/", "/WP-Admin", "/wp-content/plugins/x", "/wp-json/wp/v2/users", "/xmlrpc.php"),
    *("/phpmyadmin", "/phpMyAdmin-5.1/index", "/index.php", "/index.php/x", "/INDEX.PHP", "/x.php7", "/shell.phtml"),
    *("/a.asp", "/a.aspx", "/a.ashx", "/a.jsp", "/cgi-bin/luci", "/HNAP1/", "/boaform/admin/formLogin", "/test.cgi"),
    # other spellings, which the application may read as one of the above
    *("//.git/config", "/%2egit/config", "/%252egit/config", "/x/../.env", "/x/..;/.env", "/.env;x", "/\\.git\\config"),
    *("/wp-admin;jsessionid=1/", "/x//wp-admin", "/wp%2dadmin", "/wp-admin%2f", "/index.php%20/../x.php", "/.%67it/"),
    *("/index%2ephp", "/.gi\xfft/config", "wp-admin", "/./.env", "/x/.\\/.env"),
]
HARMLESS = [
    *("/", "", "/index.html", "/.well-known/acme-challenge/x", "/.well-known", "/app/.well-known/openid-configuration"),
    *("/a/../b", "/./a", "/a/.", "/a/..", "//a", "/php", "/php/", "/about.phpx", "/php.net", "/asp.net-guide"),
    *("/wp-administrator", "/wordpress", "/tags/wp", "/environment", "/a.b/c", "/caf\xc3\xa9", "/100%", "/x.environ"),
    *("/git", "/x.git/info/refs", "/a..b", "/file.tar.gz", "/v1.2/x"),
]


@pytest.mark.parametrize("path", SCANNED)
def test_scanners_find_nothing(path: str) -> None:
    assert find(path, "scanners") == "scanners"


@pytest.mark.parametrize("path", HARMLESS)
def test_other_paths_are_not_refused(path: str) -> None:
    assert find(path, "scanners") == ""


def test_script_name_may_hold_the_first_half() -> None:
    assert find("min/x", "scanners", SCRIPT_NAME="/wp-ad") == "scanners"
    assert find("/x", "scanners", SCRIPT_NAME="/.git") == "scanners"
    assert find("/x", "scanners", HTTP_X_VHM_ROOT="/.git") == "scanners"


@pytest.mark.parametrize("path", ["/a\r\nb", "/%00", "/%25252525252525252525252525252525252541", "//" * 2000])
def test_a_path_with_too_many_spellings_is_refused(path: str) -> None:
    assert find(path, "scanners") == "ambiguous path"


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("/internal", "denied_paths /internal"),
        ("/internal/x", "denied_paths /internal"),
        ("/Internal/", "denied_paths /internal"),
        ("/a/../internal", "denied_paths /internal"),
        ("/internals", ""),
        ("/x/internal", ""),
        ("/caf\xc3\xa9/x", "denied_paths /caf\xe9/"),
        ("/dump.bak", "denied_paths *.bak"),
        ("/x/DUMP.BAK/", "denied_paths *.bak"),
        ("/dump%2ebak", "denied_paths *.bak"),
        ("/dump.bak2", ""),
        ("/api/7/debug", "denied_paths /api/?/debug"),
        ("/api/77/debug", ""),
    ],
)
def test_paths_and_globs(path: str, rule: str) -> None:
    assert find(path, "/internal", "/caf\xe9/", "*.bak", "/api/?/debug") == rule


def test_without_entries_no_path_is_looked_at() -> None:
    assert compile_path_rules((), key="denied_paths") is None


def test_wrong_paths_are_mistakes() -> None:
    with pytest.raises(ConfigError) as raised:
        compile_path_rules(("scaners", "internal", "/", "x*", "/a/../b"), key="denied_paths")
    beginning = "expected the beginning of a path, without wildcards"
    pattern = "expected a path, a pattern that begins with a slash or *, or scanners"
    assert str(raised.value).splitlines() == [
        f"denied_paths: invalid value 'scaners'; {pattern}; did you mean 'scanners'?",
        f"denied_paths: invalid value 'internal'; {beginning}; did you mean '/internal'?",
        "denied_paths: invalid value '/'; expected the beginning of a path other than /",
        f"denied_paths: invalid value 'x*'; {pattern}",
        f"denied_paths: invalid value '/a/../b'; {beginning}; did you mean '/b'?",
    ]


@pytest.mark.parametrize(
    ("agent", "rule"),
    [
        ("sqlmap/1.7", "denied_user_agents SQLmap"),
        ("x SQLMAP y", "denied_user_agents SQLmap"),
        ("curl/8.0", "denied_user_agents curl/*"),
        ("libcurl/8.0", ""),
        ("Mozilla/5.0 (a.b)", ""),
        ("a+b", "denied_user_agents a+b"),
        ("aab", ""),
        ("caf\xc3\xa9", "denied_user_agents caf\xe9"),
        ("", ""),
        ("curl/8\nsqlmap", "denied_user_agents SQLmap"),
    ],
)
def test_user_agents(agent: str, rule: str) -> None:
    entries = ("SQLmap", "curl/*", "a+b", "caf\xe9")
    assert find_rule(compile_user_agent_rules(entries, key="denied_user_agents"), agent) == rule


@pytest.mark.parametrize("entry", ["", " "])
def test_an_empty_user_agent_would_refuse_everybody(entry: str) -> None:
    with pytest.raises(ConfigError) as raised:
        compile_user_agent_rules(("x", entry), key="denied_user_agents")
    assert str(raised.value) == "denied_user_agents: empty user agent; expected a part of a user agent"
