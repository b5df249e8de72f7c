"""The layer request_filter: what it refuses, how it says so, and what it asks of crawlers."""

import logging
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.direct import Call, answering, raising
from wsgistack import (
    AccessLog,
    CatchErrors,
    ConfigError,
    Forwarded,
    MethodOverride,
    OrderWarning,
    Pipeline,
    RequestFilter,
    load,
)
from wsgistack.middleware.request_filter import MAX_CACHED_AGENT
from wsgistack.types import Headers

LOGGER = "wsgistack.request_filter"
hello = answering([b"hello"])


def test_refuses_scanners_by_default() -> None:
    app = RequestFilter(hello)
    assert Call(app, "/").read() == b"hello"
    refused = Call(app, "/.git/config", HTTP_ACCEPT="application/json")
    assert refused.status == "403 Forbidden"
    assert refused.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("options", "keys"),
    [
        ({"allowed_networks": ["192.0.2.0/24"]}, {"REMOTE_ADDR": "198.51.100.1"}),
        ({"denied_networks": ["192.0.2.0/24"]}, {"REMOTE_ADDR": "192.0.2.1"}),
        ({"denied_paths": ["/internal"]}, {"PATH_INFO": "/x/../internal"}),
        ({"denied_user_agents": ["sqlmap"]}, {"HTTP_USER_AGENT": "SQLMap/1"}),
        ({"crawlers": ["ai-training"]}, {"HTTP_USER_AGENT": "GPTBot/1.2"}),
    ],
)
def test_answers_403_or_404(options: dict[str, Any], keys: dict[str, str]) -> None:
    path = keys.get("PATH_INFO", "/")
    rest = {"REMOTE_ADDR": "192.0.2.9", **{key: value for key, value in keys.items() if key != "PATH_INFO"}}
    inner = raising(AssertionError())
    assert Call(RequestFilter(inner, **options), path, **rest).status == "403 Forbidden"
    assert Call(RequestFilter(inner, status=404, **options), path, **rest).status == "404 Not Found"
    assert Call(RequestFilter(hello, **options, exempt=["/x", "/internal"]), "/x", **rest).read() == b"hello"


@pytest.mark.parametrize(
    ("method", "keys", "is_answered"),
    [
        ("GET", {}, True),
        ("HEAD", {}, True),
        ("POST", {}, True),
        ("DELETE", {}, False),
        ("get", {}, False),
        ("TRACE", {}, False),
        ("", {}, False),
        ("POST", {"HTTP_X_HTTP_METHOD_OVERRIDE": "delete"}, False),
        ("POST", {"HTTP_X_HTTP_METHOD": "PUT"}, False),
        ("POST", {"HTTP_X_METHOD_OVERRIDE": "PATCH"}, False),
        ("POST", {"HTTP_X_METHOD_OVERRIDE": "post"}, True),
    ],
)
def test_other_methods_get_405(method: str, keys: dict[str, str], is_answered: bool) -> None:
    app = RequestFilter(MethodOverride(hello), methods=["GET", "POST"], status=404)
    answer = Call(app, REQUEST_METHOD=method, **keys)
    assert answer.status == ("200 OK" if is_answered else "405 Method Not Allowed")
    if not is_answered:
        assert answer.headers["allow"] == "GET, HEAD, POST"


def test_each_method_may_be_the_only_one() -> None:
    assert Call(RequestFilter(hello, methods=["POST"])).headers["allow"] == "POST"


ROBOTS = b"User-agent: GPTBot\nDisallow: /\n"


def test_serves_robots_txt_also_to_the_crawlers_that_it_refuses() -> None:
    app = RequestFilter(hello, crawlers=["GPTBot"])
    for agent in ("GPTBot/1.2", "Mozilla/5.0"):
        answer = Call(app, "/robots.txt", HTTP_USER_AGENT=agent)
        assert (answer.status, answer.read()) == ("200 OK", ROBOTS)
        assert answer.headers == {"content-type": "text/plain; charset=utf-8", "content-length": str(len(ROBOTS))}
        head = Call(app, "/robots.txt", HTTP_USER_AGENT=agent, REQUEST_METHOD="HEAD")
        assert (head.headers, head.read()) == (answer.headers, b"")
    assert Call(app, "/other", HTTP_USER_AGENT="GPTBot/1.2").status == "403 Forbidden"


@pytest.mark.parametrize(
    ("path", "keys", "options"),
    [
        ("/robots.txt", {"REMOTE_ADDR": "192.0.2.1"}, {"denied_networks": ["192.0.2.1"]}),
        ("/robots.txt", {"REQUEST_METHOD": "POST"}, {"methods": ["GET"]}),
        ("/robots.txt", {}, {"denied_paths": ["/robots.txt"]}),
        ("/robots.txt/", {}, {}),
        ("//robots.txt", {}, {}),
        ("/robots.txt", {"SCRIPT_NAME": "/shop"}, {}),
        ("/robots.txt", {"REQUEST_METHOD": "POST"}, {}),
    ],
)
def test_refuses_a_crawler_at_other_paths_and_for_other_reasons(
    path: str, keys: dict[str, str], options: dict[str, Any]
) -> None:
    app = RequestFilter(hello, crawlers=["GPTBot"], **options)
    assert Call(app, path, HTTP_USER_AGENT="GPTBot/1.2", **keys).status[:2] == "40"


def test_robots_txt_is_the_one_of_the_application_unless_configured() -> None:
    assert Call(RequestFilter(hello, denied_user_agents=["x"]), "/robots.txt").read() == b"hello"


def test_long_user_agents_are_searched_too() -> None:
    app = RequestFilter(hello, denied_user_agents=["sqlmap"])
    for agent in ("a" * MAX_CACHED_AGENT + "sqlmap", "a" * 100_000 + "sqlmap"):
        assert Call(app, HTTP_USER_AGENT=agent).status == "403 Forbidden"
    assert Call(app, HTTP_USER_AGENT="a" * 100_000).status == "200 OK"


@pytest.mark.parametrize(
    ("sent", "received"),
    [
        ([], ["noindex"]),
        (["nosnippet"], ["nosnippet", "noindex"]),
        (["all"], ["all", "noindex"]),
        (["googlebot: noindex"], ["googlebot: noindex", "noindex"]),
        (["noindex"], ["noindex"]),
    ],
)
def test_adds_its_robots_tag_to_that_of_the_application(sent: list[str], received: list[str]) -> None:
    headers: Headers = [("Content-Type", "text/plain"), *(("x-robots-tag", value) for value in sent)]
    before = list(headers)
    answer = Call(RequestFilter(answering([b""], *headers), robots_tag="noindex"))
    assert [value for name, value in answer.starts[0][1] if name.lower() == "x-robots-tag"] == received
    assert headers == before


def test_error_answers_have_the_robots_tag() -> None:
    app = RequestFilter(CatchErrors(raising(OSError())), robots_tag="noindex, nofollow")
    answer = Call(app)
    assert answer.status == "500 Internal Server Error"
    assert answer.headers["x-robots-tag"] == "noindex, nofollow"


# Log and counts


@pytest.mark.parametrize(
    ("rule", "options", "path", "keys"),
    [
        ("scanners", {}, "/wp-login.php", {}),
        ("ambiguous path", {}, "/a\nrefused 192.0.2.9 by scanners", {}),
        ("denied_networks", {"denied_networks": ["192.0.2.0/24"]}, "/", {}),
        ("allowed_networks", {"allowed_networks": ["198.51.100.0/24"]}, "/", {}),
        ("methods", {"methods": ["GET"]}, "/", {"REQUEST_METHOD": "refused 192.0.2.9 by scanners"}),
        ("denied_paths /internal", {"denied_paths": ["/internal"]}, "/internal/refused 192.0.2.9 by scanners", {}),
        ("denied_user_agents sql*", {"denied_user_agents": ["sql*"]}, "/", {"HTTP_USER_AGENT": "sql\nrefused"}),
        ("crawlers CCBot", {"crawlers": ["CCBot"]}, "/", {"HTTP_USER_AGENT": "CCBot/2.0"}),
    ],
)
def test_logs_counts_and_marks_which_rule_matched(
    rule: str, options: dict[str, Any], path: str, keys: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, LOGGER)
    app = RequestFilter(hello, **options)
    assert app.counts == {}
    for number in (1, 2):
        call = Call(app, path, **{"REMOTE_ADDR": "::ffff:192.0.2.7", **keys})
        assert call.environ["wsgistack.request_filter"] == rule
        assert app.counts == {rule: number}
    first, _ = caplog.records
    assert (first.name, first.levelno, first.getMessage()) == (LOGGER, logging.INFO, f"refused 192.0.2.7 by {rule}")
    assert (first.__dict__["client"], first.__dict__["rule"]) == ("192.0.2.7", rule)


def test_a_flood_does_not_flood_a_log_that_did_not_ask_for_it(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger(LOGGER).setLevel(logging.NOTSET)
    caplog.set_level(logging.WARNING)
    app = RequestFilter(hello, denied_user_agents=["bad"])
    for number in range(500):
        Call(app, f"/{number}.php", HTTP_USER_AGENT=f"bad {number}", REMOTE_ADDR=f"192.0.2.{number % 256}")
    assert caplog.records == []
    assert app.counts == {"scanners": 500}


def test_counts_in_threads() -> None:
    app = RequestFilter(hello)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: Call(app, f"/{number}.php"), range(2000)))
    assert app.counts == {"scanners": 2000}


def test_requests_that_are_not_refused_leave_no_trace(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, LOGGER)
    app = RequestFilter(hello, exempt=["/old.php"])
    for path in ("/", "/old.php"):
        assert "wsgistack.request_filter" not in Call(app, path).environ
    assert (app.counts, caplog.records) == ({}, [])


def test_the_access_log_shows_the_rule(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "wsgistack.access_log")
    app = AccessLog(RequestFilter(hello), format="%U %>s %{wsgistack.request_filter}e", output="logging")
    for path in ("/", "/x.php"):
        Call(app, path).read()
    lines = [record.getMessage() for record in caplog.records if record.name == "wsgistack.access_log"]
    assert lines == ["/ 200 -", "/x.php 403 scanners"]


FAILREGEX = re.search(r"failregex = (.*)", RequestFilter.__doc__ or "")


def test_fail2ban_reads_the_client_from_the_documented_line(tmp_path: Path) -> None:
    if shutil.which("fail2ban-regex") is None:
        pytest.skip("fail2ban is not installed")
    assert FAILREGEX
    log = tmp_path / "refused.log"
    handler = logging.FileHandler(log)
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s: %(message)s"))
    logger = logging.getLogger(LOGGER)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    app = RequestFilter(hello, denied_user_agents=["refused"])
    try:
        for address in ("192.0.2.7", "2001:db8::7", ""):
            Call(app, "/x.php", REMOTE_ADDR=address)
        Call(app, "/", HTTP_USER_AGENT="refused 192.0.2.9 by scanners", REMOTE_ADDR="192.0.2.8")
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)
        handler.close()
    command = ["fail2ban-regex", "--out", "ip", str(log), FAILREGEX[1]]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["192.0.2.7", "2001:db8::7"]


# In a stack


def test_behind_a_proxy_the_client_is_judged() -> None:
    app = Forwarded(RequestFilter(hello, denied_networks=["203.0.113.0/24"]), trusted=["10.0.0.1"])
    for client, status in (("203.0.113.9", "403 Forbidden"), ("203.0.114.9", "200 OK"), ("unknown", "403 Forbidden")):
        answer = Call(app, REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR=f"198.51.100.1, {client}")
        assert answer.status == status, client


def test_the_files_of_a_configuration_are_relative_to_it(tmp_path: Path) -> None:
    (tmp_path / "denied.txt").write_text("192.0.2.0/24\n", "utf-8")
    (tmp_path / "robots.txt").write_text("User-agent: *\nDisallow:\n", "utf-8")
    stack = tmp_path / "stack.toml"
    stack.write_text(
        """
        app = "wsgiref.simple_server:demo_app"
        layers = [{ use = "request_filter", denied_files = ["denied.txt"], robots_txt = "robots.txt", status = 404 }]
        """,
        "utf-8",
    )
    app = load(stack)
    assert Call(app, REMOTE_ADDR="192.0.2.1").status == "404 Not Found"
    assert Call(app, "/robots.txt", REMOTE_ADDR="192.0.3.1").read() == b"User-agent: *\nDisallow:\n"


def test_files_may_be_named_by_a_text(tmp_path: Path) -> None:
    networks, robots = tmp_path / "networks", tmp_path / "robots.txt"
    networks.write_text("192.0.2.0/24\n", "utf-8")
    robots.write_text("User-agent: *\nDisallow:\n", "utf-8")
    files: Any = {"allowed_files": [str(networks)], "denied_files": [str(networks)], "robots_txt": str(robots)}
    app = RequestFilter(hello, **files)
    assert Call(app, REMOTE_ADDR="192.0.2.1").status == "403 Forbidden"
    assert Call(RequestFilter(hello, robots_txt=files["robots_txt"]), "/robots.txt").read() == robots.read_bytes()


def test_the_order_is_checked() -> None:
    inner = {"use": "forwarded", "trusted": ["10.0.0.1"]}
    pipeline = Pipeline([{"use": "basic_auth", "users": {"a": "b"}}, "request_filter", inner])
    with pytest.warns(OrderWarning) as warned:
        pipeline.wrap(hello)
    told = "\n".join(str(each.message) for each in warned)
    assert "it would see the address of the proxy, not the client's" in told
    assert "refused clients could try passwords" in told


def test_all_mistakes_are_reported_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        RequestFilter(
            hello,
            allowed_networks=["me"],
            methods=["get", "G T"],
            denied_paths=["/"],
            denied_user_agents=[""],
            crawlers=["ai"],
            robots_txt=tmp_path / "none",
            robots_tag="noindex\r\nX: y",
            exempt=["x"],
            status=401,  # type: ignore[arg-type]
        )
    assert [str(each).partition(";")[0] for each in raised.value.mistakes] == [
        "allowed_networks: not a valid network 'me'",
        "methods: invalid value 'get'",
        "methods: invalid value 'G T'",
        "denied_paths: invalid value '/'",
        "denied_user_agents: empty user agent",
        "crawlers: not a valid crawler 'ai'",
        f"robots_txt: can't read '{tmp_path / 'none'}': No such file or directory",
        "robots_tag: not a valid header",
        "exempt: invalid value 'x'",
        "status: not a valid status",
    ]
    assert str(raised.value.mistakes[1]).endswith("; expected a method in capitals, as GET; write GET")
