"""The page of the rules. ``python -m tests.testing.rules_page`` writes it again."""

from pathlib import Path

from wsgistack.testing.modes import MODES
from wsgistack.testing.rules import APPLICATION, MIDDLEWARE, SERVER
from wsgistack.testing.rules.rule import read_clause
from wsgistack.testing.scenarios import SCENARIOS

PAGE = Path(__file__).parents[2] / "docs" / "rules.rst"
CHAPTERS = {
    "Applications": {name: rule.clause for name, rule in APPLICATION.rules.items()},
    "Servers, and middlewares as servers of their application": {
        name: rule.clause for name, rule in SERVER.rules.items()
    },
    "Middlewares": {name: rule.clause for name, rule in MIDDLEWARE.rules.items()},
    "Middlewares, with several requests": {name: read_clause(scenario) for name, scenario in SCENARIOS.items()},
    "Middlewares, on servers that differ from PEP 3333, and with clients that disconnect": {
        name: mode.clause for name, mode in MODES.items()
    },
}


def make_page() -> str:
    """All rules with their clauses, in reStructuredText."""
    lines = ["The rules", "=========", "", "What the conformance kit demands, with the section of the standard.", ""]
    for title, clauses in CHAPTERS.items():
        lines += [title, "-" * len(title), ""]
        for name, clause in clauses.items():
            lines += [f"``{name}``", f"    {clause}", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(make_page(), "utf-8")
