"""The public keys of an issuer, from a file or a URL. They are read again when they change."""

import json
import logging
import re
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from http.client import HTTPResponse
from io import BufferedReader, RawIOBase
from math import inf
from pathlib import Path
from socket import socket
from threading import Event, Lock, Thread
from time import monotonic
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPHandler, HTTPRedirectHandler, ProxyHandler, Request, build_opener

from wsgistack.errors import ConfigError, Mistake, describe_error
from wsgistack.http.addresses import parse_address
from wsgistack.processes.forking import renew_after_fork, renew_if_forked
from wsgistack.types import Duration

__all__ = ["Keys", "KeysUnavailableError"]

IO_TIMEOUT = 5.0
"""In seconds: how long the issuer may take to answer, and how long the first tokens wait for it."""

MAX_SIZE = 1024 * 1024
"""In bytes: no larger set of keys is read."""

MIN_INTERVAL = 10.0
"""In seconds: how often the keys are fetched at most, whatever tokens clients send."""

FILE_INTERVAL = 1.0
"""In seconds: how often a file is looked at."""

MAX_TRIED = 8
"""Keys that are tried for one token, at most."""

_PEM = re.compile(rb"-----BEGIN [A-Z ]*PUBLIC KEY-----.*?-----END [A-Z ]*PUBLIC KEY-----", re.DOTALL)
_PRIVATE = frozenset(("d", "p", "q", "dp", "dq", "qi", "oth"))
_LOGGER = logging.getLogger("wsgistack.auth")


class KeysUnavailableError(Exception):
    """No keys are known yet."""


class _Key(NamedTuple):
    id: str | None
    algorithm: str | None
    key: Any


class Keys:
    """The keys, some of which may verify a token.

    :param library: PyJWT.
    :param file: PEM, or a JWKS. It must be readable at the start, and is looked at every second.
    :param url: of a JWKS. It is fetched with the first token, and then in the background: the age of the keys, or a
        key that is unknown, starts it. As long as the issuer does not answer, the last keys are used.
    :param refresh: the age, in seconds.
    :raises ConfigError: the file has no keys, or the URL is not https. Only a loopback address may use http. It has no
        user and password, because nothing would send them.
    """

    def __init__(self, library: Any, *, file: Path | None, url: str, refresh: Duration) -> None:
        self._library = library
        self._file = Path(file) if file else None
        self._url = url
        self._refresh = FILE_INTERVAL if file else max(refresh, MIN_INTERVAL)
        self._asked_at = -inf
        self._keys: Sequence[_Key] | None = None
        self._stamp: object = None
        self._read_at = -inf
        self.version: int = 0
        """Changes with the keys."""
        self.renew()
        renew_after_fork(self)
        if self._file:
            try:
                self._read_file(self._file)
            except (OSError, ValueError, RecursionError) as error:
                expected = "a file with public keys in PEM, or a JWKS"
                raise ConfigError(Mistake(describe_error(error), "jwt.keys", file, expected)) from error
            self._read_at = monotonic()
        else:
            _check_url(url)

    def renew(self) -> None:
        """Forget the thread that reads the keys: after a fork it does not exist."""
        self._lock = Lock()  # held while the keys are read
        self._has_read = Event()

    def find(self, id: object, algorithm: object) -> Sequence[Any]:
        """Find the keys that may verify a token.

        :param id: the ``kid`` of the token. Keys without one, as in PEM, may verify any token.
        :param algorithm: the ``alg`` of the token, because a JWKS may tie a key to an algorithm.
        :raises KeysUnavailableError: the issuer has not answered yet.
        """
        age = monotonic() - self._read_at
        if age > (self._refresh if self._keys else MIN_INTERVAL):
            self._read_in_background()
            if self._keys is None:
                # the first tokens wait for the same answer, but later ones never for an issuer that is down or slow
                self._has_read.wait(self._asked_at + IO_TIMEOUT - monotonic())
        if self._keys is None:
            raise KeysUnavailableError
        found = self._search(id, algorithm)
        if not found and self._url and age > MIN_INTERVAL:
            self._read_in_background()
        return found

    def _search(self, id: object, algorithm: object) -> Sequence[Any]:
        keys = [each for each in self._keys or () if each.algorithm in (None, algorithm)]
        return [each.key for each in keys if id is None or each.id in (None, id)][:MAX_TRIED]

    def _read_in_background(self) -> None:
        renew_if_forked()
        lock = self._lock
        if lock.acquire(blocking=False):
            self._asked_at = monotonic()
            try:
                Thread(target=self._read_and_release, args=(lock,), name="wsgistack-keys", daemon=True).start()
            except RuntimeError:  # the process has no thread to spare, or ends
                self._asked_at = -inf
                lock.release()

    def _read_and_release(self, lock: Lock) -> None:
        try:
            self._read()
        finally:
            lock.release()

    def _read(self) -> None:
        """Read the keys. If that fails, the last ones stay valid."""
        try:
            if self._file:
                self._read_file(self._file)
            else:
                self._replace(self._parse(_fetch(self._url)))
        except Exception as error:
            _LOGGER.warning("can't read the keys of %s: %s", self._file or self._url, describe_error(error))
        finally:
            self._read_at = monotonic()
            self._has_read.set()

    def _read_file(self, file: Path) -> None:
        status = file.stat()
        stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
        if stamp != self._stamp:
            self._replace(self._parse(file.read_bytes()[: MAX_SIZE + 1]))
            self._stamp = stamp

    def _replace(self, keys: Sequence[_Key]) -> None:
        if keys != self._keys:
            self._keys = keys
            self.version += 1

    def _parse(self, data: bytes) -> Sequence[_Key]:
        if len(data) > MAX_SIZE:
            raise ValueError("the keys are too large")
        keys = self._parse_set(data) if data.lstrip().startswith(b"{") else _parse_pem(data)
        if not keys:
            raise ValueError("has no public key for signatures")
        return keys

    def _parse_set(self, data: bytes) -> Sequence[_Key]:
        """Read a JWKS. Keys for encryption, secrets, and kinds that PyJWT does not know are left out."""
        listed = json.loads(data).get("keys")
        keys = []
        for each in listed if isinstance(listed, list) else ():
            if isinstance(each, dict) and each.get("use", "sig") == "sig" and each.get("kty") != "oct":
                with suppress(Exception):  # PyJWT lets errors of its parts through for some values
                    public = {name: value for name, value in each.items() if name not in _PRIVATE}
                    made = self._library.PyJWK(public)
                    keys.append(_Key(each.get("kid"), each.get("alg"), made.key))
        return keys


def _parse_pem(data: bytes) -> Sequence[_Key]:
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    if b"PRIVATE KEY" in data:
        raise ValueError("has a private key; a server that only verifies needs the public one")
    return [_Key(None, None, load_pem_public_key(block)) for block in _PEM.findall(data)]


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        is_valid = parts.port != 0 and "@" not in parts.netloc and bool(parts.hostname or parts.scheme != "https")
    except ValueError:
        is_valid = False
    if not is_valid:  # and not shown, because it may have a password
        expected = "a URL such as https://login.example.org/jwks.json, without a user"
        raise ConfigError(Mistake("not a valid URL", "jwt.jwks_url", expected=expected))
    address = parse_address(parts.hostname or "")
    is_local = parts.hostname == "localhost" or bool(address and address.is_loopback)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_local):
        expected = "a URL that begins with https://"
        raise ConfigError(Mistake("the keys could be replaced on the way", "jwt.jwks_url", url, expected))


class _NoRedirect(HTTPRedirectHandler):
    """A redirect could lead to http."""

    def redirect_request(self, *args: Any) -> None:
        return None


class _TimedReader(RawIOBase):
    """What a connection receives until a deadline. The timeout of its socket begins again with each byte."""

    def __init__(self, raw: Any, connection: socket, end: float) -> None:
        self._raw = raw
        self._connection = connection
        self._end = end

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> Any:
        left = self._end - monotonic()
        if left <= 0:
            raise TimeoutError("the issuer is too slow")
        self._connection.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedResponse(HTTPResponse):
    def __init__(self, connection: socket, *arguments: Any, end: float, **options: Any) -> None:
        super().__init__(connection, *arguments, **options)
        self.fp = BufferedReader(_TimedReader(self.fp.detach(), connection, end))


class _Timed(HTTPHandler):
    """Reads status, headers and body until a deadline. Connecting and the handshake of TLS have a timeout each."""

    handler_order = HTTPHandler.handler_order - 1  # before the usual handler of https
    https_request = HTTPHandler.do_request_

    def https_open(self, request: Request) -> Any:
        from http.client import HTTPSConnection  # Python without ssl has none

        return self.do_open(HTTPSConnection, request)

    def do_open(self, http_class: Any, req: Request, **options: Any) -> Any:
        response_class = partial(_TimedResponse, end=monotonic() + IO_TIMEOUT)

        def connect(*arguments: Any, **more: Any) -> Any:
            connection = http_class(*arguments, **more)
            connection.response_class = response_class
            return connection

        return super().do_open(connect, req, **options)


def _fetch(url: str) -> bytes:
    request = Request(url, headers={"Accept": "application/jwk-set+json, application/json"})  # noqa: S310
    # only TLS makes sure that a proxy does not replace the keys
    proxies = [] if request.type == "https" else [ProxyHandler({})]
    opener = build_opener(_NoRedirect, _Timed, *proxies)
    try:
        opened = opener.open(request, timeout=IO_TIMEOUT)
    except HTTPError as error:  # which holds the connection open
        error.close()
        raise
    data = b""
    with opened as answer:
        while len(data) <= MAX_SIZE and (chunk := answer.read1()):
            data += chunk
    return data
