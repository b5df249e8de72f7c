"""Logging that is set up, in processes of its own and in this one."""

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from tests.config.log.trees import cut, own_logging, setup_of, written
from wsgistack import ConfigError
from wsgistack.config.log import table_logging

OWN = "tests.config.log.trees"


@pytest.mark.parametrize(
    ("handler", "expected"),
    [
        pytest.param(
            "class = FileHandler\nargs = (os.path.join('nowhere', 'x.log'),)",
            "x.ini:9: [handler_one]: can't be set up: FileNotFoundError: [Errno 2] No such file or directory: ",
            id="file that can't be opened",
        ),
        pytest.param(
            "class = FileHandler\nargs = (len(5),)",
            "x.ini:9: [handler_one]: can't be set up: can't be evaluated: TypeError: object of type 'int' has no len()",
            id="arguments that fail",
        ),
        pytest.param(
            "class = FileHandler\nargs = list('abcdefgh')",
            "x.ini:9: [handler_one]: can't be set up: TypeError: ",
            id="too many arguments",
        ),
        pytest.param(
            "class = handlers.RotatingFileHandler\nargs = ('x', 'a', '${env:SECRET}')",
            "x.ini:9: [handler_one]: can't be set up: TypeError: '>' not supported between ",
            id="argument of a wrong type",
        ),
        pytest.param(
            f"class = {OWN}.Refusing\nargs = ('${{env:SECRET}}',)",
            "x.ini:9: [handler_one]: can't be set up: ValueError: I refuse <secret>",
            id="handler that tells a secret",
        ),
    ],
)
def test_says_what_fails(handler: str, expected: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "hidden")
    setup = setup_of(written(handler))
    assert setup.check() == []
    with own_logging(), pytest.raises(ConfigError) as caught:
        setup.apply()
    assert cut(caught.value.mistakes, [expected]) == [expected]
    assert (caught.value.__cause__ is None) is ("SECRET" in handler)


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({"root": {"filters": [5]}}, "x.py: logging root: can't be set up: KeyError: 5"),
        ({"loggers": {"a'b": {"filters": [5]}}}, "x.py: logging.loggers a'b: can't be set up: KeyError: 5"),
    ],
)
def test_says_which_logger_fails(table: dict[str, object], expected: str) -> None:
    with own_logging(), pytest.raises(ConfigError) as caught:
        table_logging(table, Path("x.py"), {}).apply()
    assert str(caught.value) == expected


def test_says_that_a_handler_from_before_fails() -> None:
    failures = [RuntimeError("disk is gone")]

    class Failing(logging.NullHandler):
        def flush(self) -> None:
            while failures:
                raise failures.pop()

    with own_logging() as root:
        root.addHandler(Failing())
        with pytest.raises(ConfigError) as caught:
            setup_of(written()).apply()
    assert str(caught.value) == "x.ini: can't be set up: RuntimeError: disk is gone"


PROGRAM = """
import logging, sys
from pathlib import Path
from tests.config.log.trees import setup_of
setup = setup_of(Path(sys.argv[1]).read_text(), Path(sys.argv[1]))
logging.getLogger("early")
setup.apply()
logging.getLogger("early").error("still heard")
logging.getLogger("quiet").info("not heard")
"""


def run(text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "x.ini").write_text(text)
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, folder / "x.ini"], capture_output=True, text=True, check=False
    )


def test_a_process_logs_as_it_was_told(tmp_path: Path) -> None:
    text = written(
        f"class = FileHandler\nargs = ('{tmp_path}/a.log',)\nformatter = plain",
        formatter="format = %(levelname)s %(message)s",
    )
    done = run(text, tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "a.log").read_text() == "ERROR still heard\n"


def test_a_process_that_fails_closes_the_files_that_it_opened(tmp_path: Path) -> None:
    text = written(f"class = FileHandler\nargs = ('{tmp_path}/a.log',)").replace("keys = one", "keys = one, two")
    done = run(f"{text}[handler_two]\nclass = FileHandler\nargs = (str('nowhere/x'),)", tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(
        f"wsgistack.errors.ConfigError: {tmp_path}/x.ini:14: [handler_two]: can't be set up: FileNotFoundError: "
    )
    assert "Warning" not in done.stderr
