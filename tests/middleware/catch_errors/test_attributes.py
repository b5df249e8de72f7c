"""Attributes of exceptions that try to hide them."""

from typing import Any

from wsgistack.middleware.catch_errors.attributes import cause_of, traceback_of


class Hidden(Exception):  # noqa: N818
    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(f"no {name}")


def test_reads_what_the_class_hides() -> None:
    cause = ValueError("the cause")
    try:
        raise Hidden from cause  # noqa: TRY301
    except Hidden as error:
        found, step = cause_of(error), traceback_of(error)
    assert found is cause
    assert step is not None
    assert step.tb_frame.f_code.co_name == "test_reads_what_the_class_hides"


def test_finds_nothing_where_nothing_is() -> None:
    assert cause_of(ValueError()) is None
    assert traceback_of(ValueError()) is None
