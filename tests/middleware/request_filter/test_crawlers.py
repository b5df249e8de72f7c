"""Crawlers by name, and robots.txt."""

from pathlib import Path
from urllib.robotparser import RobotFileParser

import pytest

from wsgistack import ConfigError
from wsgistack.middleware.request_filter.crawlers import (
    GROUPS,
    MAX_ROBOTS_TXT,
    ONLY_IN_ROBOTS_TXT,
    compile_crawler_rules,
    make_robots_txt,
    name_crawlers,
)
from wsgistack.middleware.request_filter.patterns import find_rule

ALL = name_crawlers(GROUPS, key="crawlers")

# as the operators document them
REFUSED = {
    "GPTBot": "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; GPTBot/1.2; +https://openai.com/gptbot",
    "ClaudeBot": "Mozilla/5.0 AppleWebKit/537.36 (compatible; ClaudeBot/1.0; +claudebot@anthropic.com)",
    "CCBot": "CCBot/2.0 (https://commoncrawl.org/faq/)",
    "PerplexityBot": "Mozilla/5.0 (compatible; PerplexityBot/1.0; +https://perplexity.ai/perplexitybot)",
    "Bytespider": "Mozilla/5.0 (Linux; Android 5.0) (compatible; Bytespider; spider-feedback@bytedance.com)",
    "meta-externalagent": "meta-externalagent/1.1 (+https://developers.facebook.com/docs/sharing/webmasters/crawler)",
    "Amazonbot": "Mozilla/5.0 (Macintosh) AppleWebKit/600.2.5 Safari/600.2.5 (Amazonbot/0.1; +https://developer.amazon.com)",
    "AI2Bot": "Mozilla/5.0 (compatible) Ai2Bot-Dolma (+https://www.allenai.org/crawler)",
    "ChatGPT-User": "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; ChatGPT-User/1.0; +https://openai.com/bot",
}
ANSWERED = [
    "",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari/537.36",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_5) AppleWebKit/605.1.15 Safari/605.1.15 (Applebot/0.1)",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "Mozilla/5.0 (compatible; Alexabot/1.0; +http://www.alexa.com/help/certifyscan)",  # exabot is no word of it
    "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 6.0; SLCC1; .NET CLR 2.0.50727)",  # ai.robots.txt, issue 208
    "MyGPTBot/1.0",
    "not-GPTBot/1.0",
    "GPTBots/1.0",
]


@pytest.mark.parametrize("name", REFUSED)
def test_crawlers_are_refused_by_name(name: str) -> None:
    rules = compile_crawler_rules(ALL, key="crawlers")
    assert find_rule(rules, REFUSED[name]) == f"crawlers {name}"
    assert find_rule(rules, REFUSED[name].upper()) == f"crawlers {name}"


@pytest.mark.parametrize("agent", ANSWERED)
def test_others_are_not(agent: str) -> None:
    assert find_rule(compile_crawler_rules(ALL, key="crawlers"), agent) == ""


def test_some_names_are_only_for_robots_txt() -> None:
    assert {*ALL} > ONLY_IN_ROBOTS_TXT
    assert compile_crawler_rules(ONLY_IN_ROBOTS_TXT, key="crawlers") == []
    assert make_robots_txt(["Google-Extended"], None, key="robots_txt") == b"User-agent: Google-Extended\nDisallow: /\n"


def test_a_word_stands_for_a_group() -> None:
    names = name_crawlers(["Mine", "ai-search", "PerplexityBot"], key="crawlers")
    assert names == ["Mine", *GROUPS["ai-search"]]
    assert len(set(ALL)) == len(ALL) == sum(map(len, GROUPS.values()))


@pytest.mark.parametrize(
    ("entry", "hint"),
    [
        ("ai_training", "; did you mean 'ai-training'?"),
        ("AI-search", "; did you mean 'ai-search'?"),
        ("ai", ""),
        ("GPT Bot", ""),
        ("GPTBot/1.0", ""),
        ("x\nAllow: /", ""),
        ("*", ""),
        ("", ""),
    ],
)
def test_other_texts_are_no_names(entry: str, hint: str) -> None:
    with pytest.raises(ConfigError) as raised:
        name_crawlers(["GPTBot", entry], key="crawlers")
    expected = "expected the name of a crawler, such as GPTBot, or ai-training, ai-search, ai-assistants"
    assert str(raised.value) == f"crawlers: not a valid crawler {entry!r}; {expected}{hint}"


def read(content: bytes) -> RobotFileParser:
    parser = RobotFileParser()
    parser.parse(content.decode().splitlines())
    return parser


def test_python_reads_the_robots_txt(tmp_path: Path) -> None:
    file = tmp_path / "robots.txt"
    file.write_bytes("\ufeffUser-agent: *\nDisallow: /search\nSitemap: https://example.org/s.xml\n".encode())
    parser = read(make_robots_txt(ALL, file, key="robots_txt"))
    for name in ALL:
        assert not parser.can_fetch(f"{name}/1.0", "/"), name
    assert parser.can_fetch("Googlebot/2.1", "/")
    assert not parser.can_fetch("Googlebot/2.1", "/search")
    assert parser.site_maps() == ["https://example.org/s.xml"]


def test_without_crawlers_it_is_the_file_and_without_a_file_the_crawlers(tmp_path: Path) -> None:
    file = tmp_path / "robots.txt"
    file.write_text("User-agent: *\nDisallow: /\n", "utf-8")
    assert make_robots_txt([], file, key="robots_txt") == b"User-agent: *\nDisallow: /\n"
    assert make_robots_txt([], None, key="robots_txt") == b""
    parser = read(make_robots_txt(["GPTBot", "CCBot"], None, key="robots_txt"))
    assert [parser.can_fetch(name, "/x") for name in ("GPTBot", "CCBot", "other")] == [False, False, True]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "robots_txt: can't read '{file}': No such file or directory; expected a robots.txt"),
        (b"\xff", "robots_txt: '{file}' is not UTF-8; expected a robots.txt"),
        (
            b"#" * MAX_ROBOTS_TXT,
            "robots_txt: '{file}' is too long; expected at most 512000 bytes, because crawlers may ignore the rest",
        ),
    ],
)
def test_a_file_that_is_no_robots_txt_is_a_mistake(content: bytes | None, message: str, tmp_path: Path) -> None:
    file = tmp_path / "robots.txt"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError) as raised:
        make_robots_txt(["GPTBot"], file, key="robots_txt")
    assert str(raised.value) == message.format(file=file)
