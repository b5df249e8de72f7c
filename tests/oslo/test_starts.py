"""Starts that middlewares made with WebOb pass on."""

from typing import Any

import pytest

from wsgistack.oslo.starts import hide_first_error

ERROR = RuntimeError("secret words")
EXC_INFO: Any = (RuntimeError, ERROR, None)


def test_a_first_start_comes_without_the_error_and_later_ones_with_it() -> None:
    starts: list[Any] = []
    start: Any = hide_first_error(lambda *given: starts.append(given))  # type: ignore[arg-type]
    start("500 Oops", [], EXC_INFO)
    start("500 Oops", [], EXC_INFO)
    start("200 OK", [])
    assert starts == [("500 Oops", []), ("500 Oops", [], EXC_INFO), ("200 OK", [])]


def test_an_error_of_the_server_passes() -> None:
    def refuse(*given: Any) -> Any:
        raise given[2][1] if len(given) > 2 else AssertionError

    start = hide_first_error(refuse)
    with pytest.raises(AssertionError):
        start("200 OK", [])
    with pytest.raises(RuntimeError, match="secret words"):
        start("500 Oops", [], EXC_INFO)
