"""Marks on the errors of a request."""

from wsgistack.environ import is_logged, mark_logged
from wsgistack.types import Environ


def test_marks_an_error_as_logged_for_one_request_only() -> None:
    error = ValueError()
    environ: Environ = {}
    assert not is_logged(environ, error)
    mark_logged(environ, error)
    assert is_logged(environ, error)
    assert not is_logged(environ, ValueError())
    assert not is_logged({}, error)
    other: Environ = {}
    mark_logged(other, ValueError())
    assert not is_logged(other, error)
