"""Static files, sent by WhiteNoise."""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from wsgistack.base import Middleware
from wsgistack.errors import ConfigError, Mistake, Mistakes, check_durations, check_mappings
from wsgistack.imports import require_extra
from wsgistack.peers import AUTHENTICATION, because
from wsgistack.types import App, Changes, Duration, Environ, StartResponse

__all__ = ["Static"]

_REFUSED = re.compile(r";[ \t]*q=0(?:\.0{0,3})?[ \t]*\Z", re.IGNORECASE)


class Static(Middleware):
    """Send the files of a folder with WhiteNoise; all other paths go to the application.

    Needs the extra ``static``. ::

        Static(app, root="public", prefix="/static", max_age=3600, immutable="[.-][0-9a-f]{8,}[.]")

        [filter:static]
        use = egg:wsgistack#static
        root = %(here)s/public
        prefix = /static
        max_age = 1h
        immutable = [.-][0-9a-f]{8,}[.]

    WhiteNoise finds the files once, at the start; the application answers for one that is removed later. It sends
    ``logo.svg.gz`` and ``logo.svg.br`` beside ``logo.svg`` to clients that accept them, and answers Range,
    If-None-Match and If-Modified-Since.

    :param root: the folder. Required. Everything in it is public, names that begin with a dot and the targets of
        symbolic links included.
    :param prefix: the beginning of the files' paths. By default ``/``.
    :param max_age: how long clients and caches may use a file without asking again. 60 seconds by default: short, as
        the names of files may stay while their content changes.
    :param immutable: a regular expression. A file whose path it finds is cached for ten years, because its name
        changes with its content. None by default.
    :param index_file: the file to send for the path of a folder, such as ``index.html``. None by default.
    :param any_origin: whether pages of every origin may read the files, for example fonts on a CDN, with
        ``Access-Control-Allow-Origin: *``. WhiteNoise does it by default; here it is false, as ``cors`` decides that.
    :param media_types: media types by the ending of a file's name, such as ``{".wasm": "application/wasm"}``, in
        addition to those that WhiteNoise knows.
    :param refresh: look for a file at each request. For development only: it is slow. False by default.
    :raises ConfigError: the folder does not exist, a file in it can't be looked up, the expression or the duration is
        not valid, or WhiteNoise is not installed.

    Cost tier T0: one look into a dictionary for a path that is no file.

    Place it inside everything else, around the application; inside auth, if the files are not for everybody. Not for
    files that users upload: they appear only after a restart. Not needed where the server in front sends the files.
    """

    must_be_inside: ClassVar[Mapping[str, str]] = {
        **because(AUTHENTICATION, "files would be sent without credentials"),
        "access_log": "files would not be logged",
    }
    changes: ClassVar[Changes] = Changes(answers=True)

    def __init__(
        self,
        app: App,
        /,
        *,
        root: Path | None = None,
        prefix: str = "/",
        max_age: Duration = 60,
        immutable: str = "",
        index_file: str = "",
        any_origin: bool = False,
        media_types: Mapping[str, str] | None = None,
        refresh: bool = False,
    ) -> None:
        super().__init__(app)
        check_mappings(media_types=media_types or {})
        mistakes = Mistakes()
        if root is None or not os.path.isdir(root):  # noqa: PTH112 - Path.is_dir fails if a name is too long
            problem = "is not set" if root is None else f"not a folder: {root}"
            mistakes.append(Mistake(problem, key="root", value=root, expected="a folder with files"))
        try:
            re.compile(immutable)
        except re.error as error:
            problem = f"not a valid regular expression: {error}"
            mistakes.append(Mistake(problem, key="immutable", value=immutable))
        with mistakes.collect():
            check_durations(max_age=max_age)
        whitenoise: Any = None
        with mistakes.collect():
            whitenoise = require_extra("whitenoise", extra="static", key="")
        mistakes.raise_if_any()
        self.root = root
        self.prefix = prefix
        self.max_age = max_age
        self.immutable = immutable
        self.index_file = index_file
        self.any_origin = any_origin
        self.media_types = media_types
        self.refresh = refresh
        try:
            self._serve = whitenoise.WhiteNoise(
                app,
                root,
                prefix,
                autorefresh=refresh,
                max_age=int(max_age),
                allow_all_origins=any_origin,
                mimetypes=dict(media_types or {}),
                index_file=index_file or None,
                immutable_file_test=immutable or None,
            )
            self._serve.serve = partial(_serve, app, self._serve.serve)
        except OSError as error:
            problem = f"can't read {str(error.filename)!r}: {error.strerror}"
            expected = "a folder with files that can be read"
            raise ConfigError(Mistake(problem, key="root", value=root, expected=expected)) from error

    def __call__(self, environ: Environ, start_response: StartResponse, /) -> Iterable[bytes]:
        """Serve one request."""
        body: Iterable[bytes] = self._serve(environ, start_response)
        return body


def _serve(
    app: App, serve: Callable[..., Iterable[bytes]], file: Any, given: Environ, start_response: StartResponse
) -> Iterable[bytes]:
    """Let WhiteNoise send a file, without the parts of a request that it misunderstands."""
    environ = given
    accepted: str = environ.get("HTTP_ACCEPT_ENCODING", "")
    if ";" in accepted:  # it takes gzip;q=0 for gzip
        codings = [each for each in accepted.split(",") if not _REFUSED.search(each)]
        environ = {**environ, "HTTP_ACCEPT_ENCODING": ",".join(codings)}
    if "HTTP_IF_RANGE" in environ and environ["HTTP_IF_RANGE"] != getattr(file, "etag", None):
        environ = {**environ, "HTTP_RANGE": ""}  # it would send a part of a file that is newer than the client's
    with suppress(FileNotFoundError):  # it was removed after the start, as by a new release
        return serve(file, environ, start_response)
    return app(given, start_response)
