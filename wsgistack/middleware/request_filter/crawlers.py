"""Crawlers by name, and the robots.txt that asks them to stay away (RFC 9309)."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from wsgistack.errors import ConfigError, Mistake, Mistakes, did_you_mean
from wsgistack.middleware.request_filter.patterns import Rule

__all__ = ["GROUPS", "ONLY_IN_ROBOTS_TXT", "compile_crawler_rules", "make_robots_txt", "name_crawlers"]

GROUPS: Mapping[str, tuple[str, ...]] = {
    "ai-training": (
        *("AI2Bot", "Amazonbot", "Applebot-Extended", "Bytespider", "CCBot", "ClaudeBot", "DeepSeekBot", "Diffbot"),
        *("FacebookBot", "GPTBot", "Google-Extended", "ICC-Crawler", "ImagesiftBot", "LAIONDownloader", "PanguBot"),
        *("SBIntuitionsBot", "TikTokSpider", "Timpibot", "cohere-training-data-crawler", "img2dataset"),
        *("meta-externalagent", "omgili", "omgilibot"),
    ),
    "ai-search": (
        *("Amzn-SearchBot", "Claude-SearchBot", "ExaBot", "ExaSearchBot", "LinkupBot", "OAI-SearchBot"),
        *("PerplexityBot", "TavilyBot", "YandexAdditional", "YandexAdditionalBot", "YouBot", "meta-webindexer"),
    ),
    "ai-assistants": (
        *("Amzn-User", "ChatGPT-User", "Claude-User", "DuckAssistBot", "Google-Agent", "Google-NotebookLM"),
        *("Kimi-User", "Manus-User", "MistralAI-User", "Perplexity-User", "kagi-fetcher", "meta-externalfetcher"),
    ),
}
"""Crawlers of AI companies, as their operators and ai.robots.txt named them in November 2026.

Those for training collect texts for models. Those for search make the index that answers link to. Assistants fetch a
page because somebody asked about it.
"""

ONLY_IN_ROBOTS_TXT = frozenset({"Applebot-Extended", "Google-Extended"})
"""Names that no request has as its user agent: they say what may be done with the pages that another crawler gets."""

MAX_ROBOTS_TXT = 500 * 1024
"""In bytes. Crawlers may ignore the rest (RFC 9309 section 2.5)."""

_NAME = re.compile(r"[A-Za-z0-9._-]{3,}")


def name_crawlers(entries: Iterable[str], *, key: str) -> list[str]:
    """Return the names of crawlers, in which each word for a group is replaced by its members.

    :raises ConfigError: an entry is not a name, or is like the word for a group.
    """
    mistakes = Mistakes()
    names: dict[str, None] = {}
    for entry in entries:
        likely = did_you_mean(entry, GROUPS) if entry[:2].lower() == "ai" else ""
        if entry in GROUPS:
            names |= dict.fromkeys(GROUPS[entry])
        elif likely or not _NAME.fullmatch(entry):
            expected = f"the name of a crawler, such as GPTBot, or {', '.join(GROUPS)}"
            mistake = Mistake(f"not a valid crawler {entry!r}", key=key, value=entry, expected=expected, hint=likely)
            mistakes.append(mistake)
        else:
            names[entry] = None
    mistakes.raise_if_any()
    return list(names)


def compile_crawler_rules(names: Iterable[str], *, key: str) -> list[Rule]:
    """Make the rules for user agents in which a name is a whole word: ``exabot`` is not in ``Alexabot``."""
    return [
        Rule(f"{key} {name}", rf"(?<![\w-]){re.escape(name)}(?!\w)") for name in names if name not in ONLY_IN_ROBOTS_TXT
    ]


def make_robots_txt(names: Iterable[str], file: Path | None, *, key: str) -> bytes:
    """Make the content of robots.txt: a group for the crawlers, and then the file for all others.

    :raises ConfigError: the file can't be read, is not UTF-8, or is too long for crawlers.
    """
    asked = [f"User-agent: {name}" for name in names]
    group = "\n".join([*asked, "Disallow: /", ""]) if asked else ""
    if file is None:
        return group.encode()
    try:
        rest = Path(file).read_bytes().decode("utf-8-sig")
    except OSError as error:
        problem = f"can't read {str(file)!r}: {error.strerror}"
        raise ConfigError(Mistake(problem, key=key, value=file, expected="a robots.txt")) from error
    except UnicodeDecodeError as error:
        problem = f"{str(file)!r} is not UTF-8"
        raise ConfigError(Mistake(problem, key=key, value=file, expected="a robots.txt")) from error
    content = "\n".join(filter(None, (group, rest))).encode()
    if len(content) > MAX_ROBOTS_TXT:
        problem = f"{str(file)!r} is too long"
        expected = f"at most {MAX_ROBOTS_TXT} bytes, because crawlers may ignore the rest"
        raise ConfigError(Mistake(problem, key=key, value=file, expected=expected))
    return content
