"""An application that leaves files to the server, in all ways."""

import io
import os
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, cast

from tests.servers.application import PLAIN
from tests.servers.application import application as other_pages
from wsgistack.types import Environ, Headers, StartResponse

TEXT = b"0123456789" * 2000
LARGE = 1 << 30


class Reported(io.FileIO):
    """A file that reports when it is read here, and not by sendfile, and when it is closed."""

    def read(self, size: int | None = -1, /) -> bytes:
        report("read here")
        return super().read(size) or b""

    def close(self) -> None:
        report("closed")
        super().close()


def report(text: str) -> None:
    with Path("reports").open("a") as reports:
        reports.write(f"{text}\n")


def application(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    headers: Headers = [*PLAIN]
    wrap = environ["wsgi.file_wrapper"]
    match environ["PATH_INFO"]:
        case "/whole":
            file: Any = open_file()
        case "/part":
            file = open_file()
            headers.append(("Content-Length", "15000"))
        case "/rest":
            file = open_file()
            file.seek(5000)
        case "/memory":
            file = io.BytesIO(TEXT)
        case "/pipe":
            reading, writing = os.pipe()
            os.write(writing, TEXT)
            os.close(writing)
            file = os.fdopen(reading, "rb")
        case "/large":
            with TemporaryFile() as large:
                large.truncate(LARGE)
                file = Reported(os.dup(large.fileno()), "rb")
        case "/written":
            file = open_file()
            headers.append(("Content-Length", str(len(b"written" + TEXT))))  # without it, Waitress breaks the answer
            cast(Any, start_response)("200 OK", headers)(b"written")
            return cast(Iterable[bytes], wrap(file))
        case _:
            return other_pages(environ, start_response)
    start_response("200 OK", headers)
    return cast(Iterable[bytes], wrap(file))


def open_file() -> Reported:
    path = Path("text")
    if not path.exists():
        path.write_bytes(TEXT)
    return Reported("text", "rb")
