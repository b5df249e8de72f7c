"""The probe: an application that records what its caller does, and otherwise behaves like the wrapped one."""

import io
from collections.abc import Iterable, Iterator
from itertools import count
from typing import Any
from wsgiref.util import FileWrapper

import pytest

from tests.testing.applications import TEXT, failing, make_app, make_lazy_app, read_body
from wsgistack.testing import Record, Server, make_environ
from wsgistack.testing.probe import Probe
from wsgistack.types import App, Environ, StartResponse

START = [lambda start: start("200 OK", TEXT)]


def probed(app: App, environ: Any = None, start_response: Any = lambda *arguments: bool) -> tuple[Any, Record]:
    probe = Probe(app, count())
    body = probe(make_environ() if environ is None else environ, start_response)
    (record,) = probe.records
    return body, record


def test_records_what_its_caller_does() -> None:
    body, record = probed(make_lazy_app(*START, b"a"))
    read_body(body)
    kinds = [event.kind for event in record.events]
    assert kinds == ["call", "return", "iterate", "pull", "start", "chunk", "pull", "end", "close"]
    assert (record.status, record.body) == ("200 OK", b"a")


@pytest.mark.parametrize("body", [[b"a", b"b"], (b"a", b"b")], ids=["list", "tuple"])
def test_returns_a_list_unchanged_and_records_its_chunks(body: Any) -> None:
    given, record = probed(make_app(body=body))
    assert given is body
    assert (record.is_watched, record.body) == (False, b"ab")


def test_returns_a_file_wrapper_unchanged_and_records_its_content_if_possible() -> None:
    file = FileWrapper(io.BytesIO(b"abc"))
    given, record = probed(make_app(body=file))
    assert given is file
    assert (record.is_watched, record.body, record.is_complete) == (False, b"abc", True)
    given, record = probed(make_app(body=FileWrapper(io.BufferedReader(io.BytesIO(b"abc")))))
    assert (record.is_watched, record.content, record.is_complete) == (False, None, False)


def test_watches_the_wrapper_of_another_server() -> None:
    file = FileWrapper(io.BytesIO(b"abc"))
    given, record = probed(make_app(body=file), make_environ() | {"wsgi.file_wrapper": lambda file: file})
    assert given is not file
    assert read_body(given) == [b"abc"]
    assert record.body == b"abc"


class Sized:
    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[bytes]:
        return iter([b"a"])


class ByIndex:
    def __getitem__(self, index: int) -> bytes:
        return [b"a"][index]


def test_has_a_length_if_the_body_has_one() -> None:
    sized, _ = probed(make_app(body=Sized()))
    unsized, record = probed(make_app(body=ByIndex()))
    assert len(sized) == 1
    assert not hasattr(unsized, "__len__")
    assert read_body(unsized) == record.chunks == [b"a"]


def test_returns_a_body_that_is_not_iterable() -> None:
    assert probed(make_app(body=None))[0] is None
    assert probed(make_app(body="text"))[0] == "text"


def test_passes_and_records_every_exception() -> None:
    class Failing:
        def __iter__(self) -> Iterator[bytes]:
            raise OSError("in iter")

        def close(self) -> None:
            raise OSError("in close")

    body, record = probed(make_app(body=Failing()))
    with pytest.raises(OSError, match="in iter"):
        iter(body)
    with pytest.raises(OSError, match="in close"):
        body.close()
    assert [str(event.value) for event in record.all("raise")] == ["in iter", "in close"]
    body, record = probed(make_lazy_app(failing))
    with pytest.raises(LookupError):
        read_body(body)
    assert isinstance(record.error, LookupError)

    def refusing(*arguments: object) -> Any:
        raise OSError("no start")

    probe = Probe(make_app(), count())
    with pytest.raises(OSError, match="no start") as caught:
        probe(make_environ(), refusing)
    (record,) = probe.records
    assert record.starts[0].raised is record.error is caught.value


def test_passes_written_data_and_returns_the_write_of_its_caller() -> None:
    written: list[bytes] = []
    given: list[Any] = []

    def writing(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        given.append(start_response("200 OK", TEXT))
        if given[-1]:
            given[-1](b"a")
        return []

    _, record = probed(writing, start_response=lambda *arguments: written.append)
    assert (written, record.body) == ([b"a"], b"a")
    _, record = probed(writing, start_response=lambda *arguments: None)
    assert given[-1] is record.starts[0].returned is None


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda app, environ, start: app(environ, start), id="by position"),
        pytest.param(lambda app, environ, start: app(start_response=start, environ=environ), id="by keyword"),
        pytest.param(lambda app, environ, start: app(environ, start_response=start), id="by both"),
    ],
)
def test_serves_however_it_is_called(call: Any) -> None:
    probe = Probe(make_app(), count())
    record = Server().run(lambda environ, start: call(probe, environ, start), make_environ())
    assert (record.status, record.body) == ("200 OK", b"ok")


def test_reports_close() -> None:
    closed: list[Record] = []
    probe = Probe(make_lazy_app(*START), count(), closed.append)
    body: Any = probe(make_environ(), lambda *arguments: bool)
    read_body(body)
    assert closed == probe.records
