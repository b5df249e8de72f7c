"""``python -m benchmarks``: what is measured beside the peers."""

import argparse
from pathlib import Path

from benchmarks.conformance import write_conformance


def main() -> None:
    """Run one measurement."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measurements beside the peers.")
    commands = parser.add_subparsers(title="measurements", required=True, metavar="WHAT")
    conforming = commands.add_parser("conformance", help="which rules of WSGI each peer breaks")
    conforming.add_argument(
        "--output", type=Path, default=Path("docs"), metavar="FOLDER", help="where to write the page (%(default)s)"
    )
    conforming.set_defaults(run=lambda parsed: write_conformance(parsed.output))
    parsed = parser.parse_args()
    for path in parsed.run(parsed):
        print(path)


if __name__ == "__main__":
    main()
