"""Files for the commands to read, and the program as another process."""

import os
import re
import subprocess
import sys
from pathlib import Path

QUICKSTART = Path(__file__).parent.parent.parent / "recipes" / "quickstart" / "stack.ini"
PROGRAM = [sys.executable, "-c", "import sys; from wsgistack.cli import main; sys.exit(main())"]

HELLO = """
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]
"""
TREE = """\
request_id
└─ access_log
   └─ catch_errors
      └─ gzip
         │  minimum_size = 200
         └─ demo (basic_auth)
            │  realm = 'wsgistack quickstart'
            │  users = <secret>
            └─ greetings:application
"""


def written(folder: Path, text: str, *, name: str = "stack.ini", app: str = HELLO) -> str:
    (folder / "hello.py").write_text(app, "utf-8")
    (folder / name).write_text(text, "utf-8")
    return str(folder / name)


def layers(*names: str) -> str:
    return f"[pipeline:main]\npipeline = {' '.join(names)} hello\n[app:hello]\nuse = hello:app\n"


def read_mistakes(err: str) -> list[str]:
    """What a command printed about mistakes in full, each in one line as ``str`` has it."""
    found: list[str] = []
    for line in err.splitlines():
        if said := re.fullmatch(r" +(?:= |\| *\^+ )(?:hint: )?(.*)", line):
            found[-1] += f"; {said[1]}"
        elif not re.match(r" *\d* \||$|\d+ mistakes", line):
            found.append(line)
    return found


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [*PROGRAM, *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, env={**os.environ, **environ})
