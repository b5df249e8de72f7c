"""Which errors count as the same one."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.middleware.catch_errors.failing import caught, fail
from wsgistack.middleware.catch_errors.fingerprints import find_fingerprint, find_origin

CODE = """
def pay(kind):
    if kind == "key":
        return {}["a"]
    return int("x")

def even(number):
    return odd(number)

def odd(number):
    return even(number)
"""


def load(code: str, folder: Path, name: str = "paying") -> dict[str, object]:
    file = folder / f"{name}.py"
    file.write_text(code)
    names: dict[str, object] = {"__name__": name}
    exec(compile(code, str(file), "exec"), names)  # noqa: S102
    return names


def test_is_the_same_for_the_same_error_and_after_unrelated_changes(tmp_path: Path) -> None:
    pay = load(CODE, tmp_path)["pay"]
    first = find_fingerprint(caught(pay, "key"))  # type: ignore[arg-type]
    assert first == find_fingerprint(caught(pay, "key"))  # type: ignore[arg-type]
    assert first != find_fingerprint(caught(pay, "x"))  # type: ignore[arg-type]
    (tmp_path / "moved").mkdir()
    moved = load(f"import os\n\n{CODE}", tmp_path / "moved")["pay"]
    assert first == find_fingerprint(caught(moved, "key"))  # type: ignore[arg-type]
    assert find_origin(caught(moved, "key")) == "pay in paying, line 6"  # type: ignore[arg-type]


@pytest.mark.parametrize("limit", [0, 1, 2])
def test_is_the_same_wherever_a_recursion_ends(limit: int, tmp_path: Path) -> None:
    names = load(CODE, tmp_path)

    def start(depth: int) -> None:
        if depth:
            start(depth - 1)
        names["even"](0)  # type: ignore[operator]

    error = caught(start, limit + 1)
    assert isinstance(error, RecursionError)
    assert find_fingerprint(error) == find_fingerprint(caught(start, 1))


def test_the_kinds_of_causes_and_groups_tell_errors_apart() -> None:
    def group(kind: type[Exception]) -> None:
        raise ExceptionGroup("several", [kind(), ValueError()])

    def chain(kind: type[Exception]) -> None:
        raise RuntimeError from kind()

    for function in (group, chain):
        assert find_fingerprint(caught(function, KeyError)) == find_fingerprint(caught(function, KeyError))
        assert find_fingerprint(caught(function, KeyError)) != find_fingerprint(caught(function, OSError))


def test_without_own_code_all_frames_count() -> None:
    code = "import json; json.loads('{')"
    names: dict[str, object] = {}
    error = caught(exec, compile(code, "<string>", "exec"), names)
    error.__traceback__ = error.__traceback__.tb_next if error.__traceback__ else None
    assert find_origin(error).startswith("JSONDecoder.raw_decode in json.decoder")
    assert find_fingerprint(error) == find_fingerprint(error)
    assert find_origin(ValueError()) == ""
    assert find_fingerprint(ValueError()) != find_fingerprint(TypeError())


def test_is_the_same_in_another_process() -> None:
    code = (
        "from tests.middleware.catch_errors.failing import caught, fail\n"
        "from wsgistack.middleware.catch_errors.fingerprints import find_fingerprint\n"
        "print(find_fingerprint(caught(fail)))"
    )
    root = Path(__file__).parents[3]
    said = subprocess.run([sys.executable, "-c", code], cwd=root, check=True, capture_output=True, text=True).stdout
    assert said.strip() == find_fingerprint(caught(fail))
