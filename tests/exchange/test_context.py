"""A context variable around an application: it is set in each step, and never between two of them."""

import subprocess
import sys
from collections.abc import Iterator
from contextvars import ContextVar

from tests.direct import Body, Call, answering
from wsgistack import call_in_context
from wsgistack.types import App, Environ, StartResponse

VARIABLE: ContextVar[str] = ContextVar("tests.variable", default="-")


def within(app: App) -> App:
    return lambda environ, start_response: call_in_context(VARIABLE, "set", app, environ, start_response)


class Noting(Body):
    """Notes the variable in each step."""

    def __iter__(self) -> Iterator[bytes]:
        yield VARIABLE.get().encode()
        yield VARIABLE.get().encode()

    def close(self) -> None:
        super().close()
        self.at_close = VARIABLE.get()


def test_is_set_in_each_step_and_not_between() -> None:
    body = Noting()
    call = Call(within(answering(body)))
    assert VARIABLE.get() == "-"
    assert call.next() == b"set"
    assert VARIABLE.get() == "-"
    assert call.next() == b"set"
    call.close()
    assert (body.at_close, VARIABLE.get()) == ("set", "-")


def test_is_set_in_the_call_and_returns_a_list_untouched() -> None:
    seen: list[str] = []
    body = [b"body"]

    def app(environ: Environ, start_response: StartResponse) -> list[bytes]:
        seen.append(VARIABLE.get())
        start_response("200 OK", [])
        return body

    assert Call(within(app)).body is body
    assert (seen, VARIABLE.get()) == (["set"], "-")


def test_garbage_that_is_collected_while_a_context_changes_does_no_harm() -> None:
    """In CPython 3.11, a finalizer that sets a variable of the current context can crash the process."""
    code = """
import gc, sys
from contextvars import Context, ContextVar
from wsgistack import call_in_context

variables = [ContextVar(f"v{number}") for number in range(200)]
target = ContextVar("target")

def app(environ, start_response):
    return iter(["a", "b"])

def main():
    for number in range(20_000):
        body = call_in_context(target, object(), app, {}, None)
        cycle = [body]
        cycle.append(cycle)
        del body, cycle
        variables[number % 200].set(object())

gc.set_threshold(int(sys.argv[1]), 1, 1)
Context().run(main)
"""
    for threshold in "157":
        run = subprocess.run([sys.executable, "-c", code, threshold], check=False, stderr=subprocess.PIPE)
        assert run.returncode == 0, run.stderr
