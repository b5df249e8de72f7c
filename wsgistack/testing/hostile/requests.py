"""Applications that use their request in unusual ways."""

from collections.abc import Iterable, Iterator

from wsgistack.testing.hostile.case import TEXT, hostile
from wsgistack.types import Environ, StartResponse

__all__: list[str] = []

SENT = b"one line\nand another\nand the last"


def _answer(start_response: StartResponse, body: bytes) -> Iterable[bytes]:
    start_response("200 OK", [TEXT, ("Content-Length", str(len(body)))])
    return [body]


@hostile(method="POST", body=SENT)
def reads_all_of_its_input(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """The request body is read in one piece and sent back."""
    return _answer(start_response, environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))


@hostile(method="POST", body=SENT)
def reads_a_part_of_its_input(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """A part of the request body is not read."""
    return _answer(start_response, environ["wsgi.input"].read(4))


@hostile(method="POST", body=SENT)
def reads_nothing_of_its_input(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """The request body is not read."""
    return _answer(start_response, b"no")


@hostile(method="POST", body=SENT)
def reads_its_input_line_by_line(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """The request body is read by readline, iteration and readlines."""
    stream = environ["wsgi.input"]
    return _answer(start_response, b"|".join([stream.readline(), *stream, *stream.readlines()]))


@hostile(method="POST", body=SENT, content_length=False)
def reads_input_of_unknown_length(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """A request body without CONTENT_LENGTH, as of a chunked request."""
    return _answer(start_response, environ["wsgi.input"].read())


@hostile(method="POST", body=SENT)
def reads_its_input_while_it_answers(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
    """The request body is read in small pieces while the response is sent."""
    start_response("200 OK", [TEXT])
    stream = environ["wsgi.input"]
    for _ in range(len(SENT) // 4):
        yield stream.read(4)


@hostile(method="PATCH", body=b"\x00\xff" * 50)
def gets_binary_data(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """The method PATCH, and a body of binary data."""
    return _answer(start_response, environ["wsgi.input"].read(100))


@hostile(path="/caf%C3%A9/%FF//..;a=b/%20?q=%22%0D%0A&x=%zz")
def gets_an_odd_path(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """A path with UTF-8, invalid UTF-8 and a space, and an invalid query."""
    return _answer(start_response, repr((environ["PATH_INFO"], environ["QUERY_STRING"])).encode("ascii", "replace"))


@hostile(headers=(("User-Agent", 'x" \\ \x1b[31m'), ("X-Forwarded-For", "1.2.3.4, evil"), ("Authorization", "Basic !")))
def gets_odd_headers(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Quotes, an escape sequence, a forged address, and a malformed credential."""
    return _answer(start_response, b"fine")


@hostile()
def moves_its_path(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """The application shifts PATH_INFO to SCRIPT_NAME, as mounting does."""
    environ["SCRIPT_NAME"] += environ["PATH_INFO"]
    environ["PATH_INFO"] = ""
    return _answer(start_response, b"moved")


@hostile()
def empties_its_environ(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """The application clears the environ, which it may change in any way."""
    environ.clear()
    return _answer(start_response, b"nothing left")


@hostile()
def writes_to_wsgi_errors(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Something is written to wsgi.errors."""
    environ["wsgi.errors"].write("something is odd\n")
    environ["wsgi.errors"].flush()
    return _answer(start_response, b"but it works")
