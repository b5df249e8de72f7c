"""Incident capsules: what they hold, what they hide, and how many there are."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.middleware.catch_errors.failing import fail, failing, send
from wsgistack import BodyLimit, CatchErrors, ConfigError
from wsgistack.http.uploads import Input
from wsgistack.middleware.catch_errors.reports import capsules as home
from wsgistack.testing import Judge

LOGIN = b'{"user": "ada", "password": "hunter2-hunter2"}'


def log_in(environ: dict[str, Any]) -> None:
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    found = json.loads(body)
    typed = found["password"]  # its name does not say that it is one
    copies = [typed]
    attempt = 3
    raise RuntimeError(f"{typed} is wrong, attempt {attempt} of {len(copies)}")


def saved(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted(folder.iterdir())]


def test_saves_the_request_its_body_and_the_variables_without_secrets(tmp_path: Path) -> None:
    folder = tmp_path / "capsules"
    layer = CatchErrors(failing(log_in), capsules=folder)
    keys = {
        "CONTENT_TYPE": "application/json",
        "QUERY_STRING": "a=1&token=s3cret-1",
        "HTTP_COOKIE": "session=s3cret-2",
        "HTTP_AUTHORIZATION": "Bearer s3cret-3",
        "SCRIPT_NAME": "/shop",
    }
    for _ in range(3):
        assert send(layer, "/login", LOGIN, **keys)[0] == "500 Internal Server Error"
    [capsule] = saved(folder)
    [name] = os.listdir(folder)  # noqa: PTH208
    assert name == f"{capsule['fingerprint']}.json"
    assert os.stat(folder / name).st_mode & 0o777 == 0o600  # noqa: PTH116
    assert os.stat(folder).st_mode & 0o777 == 0o700  # noqa: PTH116
    text = json.dumps(capsule)
    for secret in ("hunter2", "s3cret"):
        assert secret not in text
    request = capsule["request"]
    assert (request["method"], request["scheme"]) == ("POST", "http")
    assert request["environ"]["PATH_INFO"] == "/login"
    assert request["environ"]["SCRIPT_NAME"] == "/shop"
    assert request["environ"]["QUERY_STRING"] == "a=1&token=[redacted]"
    assert json.loads(request["body"]) == {"user": "ada", "password": "[redacted]"}
    assert request["body_read"] == len(LOGIN)
    frame = capsule["errors"][0]["frames"][-1]
    assert (frame["function"], frame["owner"]) == ("log_in", "application")
    assert frame["variables"]["typed"] == "[redacted]"
    assert frame["variables"]["copies"] == "[[redacted]]"
    assert frame["variables"]["attempt"] == "3"
    assert frame["variables"]["environ"].startswith("{")
    assert capsule["message"] == "[redacted] is wrong, attempt 3 of 1"
    assert capsule["versions"]["python"]
    assert capsule["versions"]["wsgistack"]


@pytest.mark.parametrize(
    ("script_name", "path", "shown"),
    [
        ("/reset/s3cret", "/form", ("/reset/[redacted]", "/[redacted]")),
        ("/shop/reset", "/s3cret", ("/shop/reset", "/[redacted]")),
        ("/reset/s3cret", "", ("/reset/[redacted]", "")),
        ("/shop/", "/a", ("/shop/", "/a")),
    ],
)
def test_hides_a_secret_in_a_path_that_was_moved(
    script_name: str, path: str, shown: tuple[str, str], tmp_path: Path
) -> None:
    send(CatchErrors(failing(fail), capsules=tmp_path), path, SCRIPT_NAME=script_name)
    [capsule] = saved(tmp_path)
    assert "s3cret" not in json.dumps(capsule)
    environ = capsule["request"]["environ"]
    assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == shown


def test_hides_a_secret_of_the_path_in_variables(tmp_path: Path) -> None:
    def reset(environ: dict[str, Any]) -> None:
        path = environ["PATH_INFO"]
        raise LookupError(path)

    send(CatchErrors(failing(reset), capsules=tmp_path), "/reset/s3cret-1234")
    [capsule] = saved(tmp_path)
    assert "s3cret" not in json.dumps(capsule)
    assert capsule["errors"][0]["frames"][-1]["variables"]["path"] == "'/reset/[redacted]'"


def test_tells_what_was_read_of_the_body(tmp_path: Path) -> None:
    def read_some(environ: dict[str, Any]) -> None:
        environ["wsgi.input"].read(6)
        fail()

    send(CatchErrors(failing(read_some), capsules=tmp_path), "/", b"a=1&b=2&c=3", CONTENT_TYPE="text/plain")
    [capsule] = saved(tmp_path)
    assert (capsule["request"]["body"], capsule["request"]["body_read"]) == ("a=1&b=", 6)


def test_leaves_out_a_body_that_may_hold_secrets(tmp_path: Path) -> None:
    def read(environ: dict[str, Any]) -> None:
        environ["wsgi.input"].read(5)
        fail()

    send(CatchErrors(failing(read), capsules=tmp_path), "/", b"%PDF-1.7", CONTENT_TYPE="application/pdf")
    assert saved(tmp_path)[0]["request"]["body"] is None


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_keeps_a_body_only_for_capsules_and_not_of_get(method: str, tmp_path: Path) -> None:
    seen: list[Any] = []

    def look(environ: dict[str, Any]) -> None:
        seen.append(environ["wsgi.input"])
        environ["wsgi.input"].read(3)
        fail()

    for options in ({}, {"report_file": tmp_path / "file"}, {"capsules": tmp_path / "capsules"}):
        send(CatchErrors(failing(look), **options), "/", b"abc", REQUEST_METHOD=method)  # type: ignore[arg-type]
    if method == "GET":
        assert not any(isinstance(each, Input) for each in seen)
    else:
        assert [each.kept for each in seen] == [b"", b"", b"abc"]


def test_a_layer_inside_may_replace_the_input(tmp_path: Path) -> None:
    def read(environ: dict[str, Any]) -> None:
        environ["wsgi.input"].read(3)
        fail()

    send(CatchErrors(BodyLimit(failing(read)), capsules=tmp_path), "/", b"abcd", CONTENT_TYPE="text/plain")
    assert saved(tmp_path)[0]["request"]["body"].startswith("abc")


def test_holds_causes_and_groups_and_the_ends_of_long_tracebacks(tmp_path: Path) -> None:
    def recurse() -> None:
        recurse()

    def chain(environ: object) -> None:
        try:
            recurse()
        except RecursionError as error:
            raise ExceptionGroup("several", [ValueError("one"), error]) from error

    send(CatchErrors(failing(chain), capsules=tmp_path))
    [capsule] = saved(tmp_path)
    found = [(each["exception"], each["relation"]) for each in capsule["errors"]]
    assert found == [("ExceptionGroup", ""), ("ValueError", "in this group"), ("RecursionError", "in this group")]
    assert len(capsule["errors"][2]["frames"]) < 10
    assert any(frame["omitted"].startswith("this call repeated") for frame in capsule["errors"][2]["frames"])


@pytest.mark.slow
def test_keeps_the_contract_with_all_reports(tmp_path: Path) -> None:
    options = {
        "capsules": tmp_path / "capsules",
        "report_file": tmp_path / "reports",
        "reporters": ["logging"],
        "report_interval": 0.0,
    }
    judge = Judge(CatchErrors, options, changes=CatchErrors.changes)
    assert [verdict for verdict in judge.judge_all() if verdict.breaches] == []
    assert saved(tmp_path / "capsules")


def test_saves_no_more_than_a_number_of_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home, "_MAX_CAPSULES", 2)

    def different(number: int) -> Callable[[object], None]:
        names: dict[str, Any] = {"__name__": f"module{number}"}
        exec("def fail(environ):\n    raise ValueError", names)  # noqa: S102
        return names["fail"]  # type: ignore[no-any-return]

    for number in range(5):
        send(CatchErrors(failing(different(number)), capsules=tmp_path))
    assert len(saved(tmp_path)) == 1, "code without a file belongs to the function that calls it"
    kinds = (KeyError, OSError, TypeError)

    def raise_kind(environ: dict[str, Any]) -> None:
        raise kinds[int(environ["QUERY_STRING"])]

    layer = CatchErrors(failing(raise_kind), capsules=tmp_path)
    for number in range(3):
        send(layer, QUERY_STRING=str(number))
    assert len(saved(tmp_path)) == 2


def test_a_capsule_that_would_be_too_large_has_no_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home, "_MAX_SIZE", 1000)
    send(CatchErrors(failing(lambda _: fail()), capsules=tmp_path))
    assert not any("variables" in frame for frame in saved(tmp_path)[0]["errors"][0]["frames"])


def test_leaves_no_part_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def replace(*paths: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "replace", replace)
    assert send(CatchErrors(failing(lambda _: fail()), capsules=tmp_path))[0] == "500 Internal Server Error"
    assert [*tmp_path.iterdir()] == []
    assert "no space left" in caplog.text


@pytest.mark.parametrize(
    ("path", "problem"),
    [("file", "Not a directory"), ("a/b", "No such file or directory"), (f"{'n' * 300}/b", "File name too long")],
)
def test_refuses_a_folder_that_cannot_be_made(path: str, problem: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(
        ConfigError, match=rf"^capsules: cannot write to .*: {problem}; expected a folder, or the name of a new one$"
    ):
        CatchErrors(failing(fail), capsules=tmp_path / path)
    CatchErrors(failing(fail), capsules=tmp_path / "new")
    assert not (tmp_path / "new").exists(), "a check makes nothing"
