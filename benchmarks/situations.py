"""The layers in the situations that they are measured in: ours, the floor, and whoever does the same job."""

import os
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from benchmarks.floors.access_log import access_log as access_log_floor
from benchmarks.floors.basic_auth import basic_auth as basic_auth_floor
from benchmarks.floors.catch_errors import catch_errors as catch_errors_floor
from benchmarks.floors.gzip import gzip as gzip_floor
from benchmarks.floors.request_id import request_id as request_id_floor
from benchmarks.pairs import Effort, Samples, interleave
from benchmarks.rivals import LOGGER, OF_JOB, Rival, oslo_basic_auth, open_null_writer
from benchmarks.rows import Target, at_most, describe_version
from benchmarks.traffic import BROWSER, JSON, LOGGED_IN, PASSWORD, TEXT, USER, make_case, make_stream, make_whole
from wsgistack import AccessLog, BasicAuth, CatchErrors, Gzip, Middleware, RequestId
from wsgistack.types import App

__all__ = ["BARE", "FLOOR", "SITUATIONS", "Situation", "hashed"]

BARE = "the application alone"
FLOOR = "its floor"

_OF_FLOOR = at_most(1.3, "every layer at most 1.3 times its floor")
_OF_FLOOR_ID = at_most(1.2, "request id under 1.2 times its floor, with a random id of 128 bits")
_OF_OSLO = {"oslo.middleware": at_most(0.1, "no layer above a tenth of oslo.middleware's of the same job")}
_DIRECT = {"Paste": at_most(0.5, "access log written directly at most half of TransLogger")}
_BY_HANDLER = {"Paste": at_most(1.0, "access log by the same logging handler not above TransLogger")}


class Situation(NamedTuple):
    """A layer in a situation.

    :param claims: what is to be reached, by the side that it is measured beside: the floor, or a distribution.
    """

    layer: str
    when: str
    ours: Callable[[App], App]
    floor: Callable[[App], App] | None
    app: Callable[[], App] = partial(make_whole, TEXT)
    request: Mapping[str, str] | None = None
    rivals: tuple[Rival, ...] = ()
    claims: Mapping[str, Target] = {FLOOR: _OF_FLOOR}

    @property
    def title(self) -> str:
        """The layer and the situation."""
        return f"{self.layer} {self.when}"

    def measure(self, effort: Effort) -> Samples:
        """Run all sides, each around an application of its own."""
        sides = {BARE: self.app(), self.title: self.ours(self.app())}
        if self.floor is not None:
            sides[FLOOR] = self.floor(self.app())
        for rival in self.rivals:
            if describe_version(rival.distribution):
                sides[rival.title] = rival.build(self.app())
        return interleave({name: make_case(app, self.request) for name, app in sides.items()}, effort)


_log = partial(AccessLog, file=Path(os.devnull))
_log_floor = partial(access_log_floor, write_line=open_null_writer())
_auth = partial(BasicAuth, users={USER: PASSWORD})
_auth_floor = partial(basic_auth_floor, user=USER, password=PASSWORD)
_json = partial(make_whole, JSON, "application/json")
_image = partial(make_whole, JSON, "image/png")
_stream = partial(make_stream, [TEXT] * 4)
_json_stream = partial(make_stream, [JSON] * 4, "application/json")
_named = {"HTTP_X_REQUEST_ID": "8f14e45fceea167a5a36dedd4bea2543"}

SITUATIONS = (
    Situation(
        "request_id",
        "making an id",
        RequestId,
        request_id_floor,
        rivals=OF_JOB["request_id"],
        claims={FLOOR: _OF_FLOOR_ID, **_OF_OSLO},
    ),
    Situation("request_id", "taking the client's id", RequestId, request_id_floor, request=_named),
    Situation("request_id", "around a stream of 4 chunks", RequestId, request_id_floor, _stream),
    Situation("access_log", "written directly", _log, _log_floor),
    Situation("access_log", "around a stream of 4 chunks", _log, _log_floor, _stream),
    Situation(
        "access_log",
        "as combined, written directly",
        partial(_log, format="combined"),
        None,
        rivals=OF_JOB["access_log"],
        claims=_DIRECT,
    ),
    Situation(
        "access_log",
        "as combined, by logging",
        partial(AccessLog, output="logging", logger=LOGGER, format="combined"),
        None,
        rivals=OF_JOB["access_log"],
        claims=_BY_HANDLER,
    ),
    Situation(
        "catch_errors",
        "with nothing to catch",
        CatchErrors,
        catch_errors_floor,
        rivals=OF_JOB["catch_errors"],
        claims={FLOOR: _OF_FLOOR, **_OF_OSLO},
    ),
    Situation("catch_errors", "around a stream of 4 chunks", CatchErrors, catch_errors_floor, _stream),
    Situation(
        "basic_auth", "with a plain password", _auth, _auth_floor, request=LOGGED_IN, rivals=OF_JOB["basic_auth"]
    ),
    Situation("gzip", "for a client that takes none", Gzip, gzip_floor, _json, rivals=OF_JOB["gzip"]),
    Situation("gzip", "of a body that is too small", Gzip, gzip_floor, request=BROWSER, rivals=OF_JOB["gzip"]),
    Situation("gzip", "of an image", Gzip, gzip_floor, _image, BROWSER, OF_JOB["gzip"]),
    Situation("gzip", "of 2 KB of JSON", Gzip, gzip_floor, _json, BROWSER, OF_JOB["gzip"]),
    Situation("gzip", "of a stream of 4 times 2 KB of JSON", Gzip, gzip_floor, _json_stream, BROWSER, OF_JOB["gzip"]),
    Situation("Middleware", "that changes nothing", Middleware, None, rivals=OF_JOB["nothing"], claims={}),
    # the bridge leaves threads behind, which what comes after it feels
    Situation("request_id", "beside a bridge to ASGI", RequestId, None, rivals=OF_JOB["request_id by ASGI"], claims={}),
)


def list_hashed(folder: Path) -> list[Situation]:
    """Passwords from a file of slow hashes, which is written into the folder; nothing where none can be made."""
    if not describe_version("bcrypt"):
        return []
    bcrypt = import_module("bcrypt")
    file = folder / "users"
    file.write_bytes(b"%s:%s\n" % (USER.encode(), bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(5))))
    theirs = Rival("BasicAuthMiddleware", "oslo.middleware", oslo_basic_auth(file))
    ours = partial(BasicAuth, htpasswd=file)
    title = "with a file of hashes"
    return [Situation("basic_auth", title, ours, None, request=LOGGED_IN, rivals=(theirs,), claims=_OF_OSLO)]
