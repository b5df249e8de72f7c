"""Which clients may enter: networks, also from files."""

from collections.abc import Callable, Collection, Sequence
from functools import lru_cache
from pathlib import Path

from wsgistack.errors import ConfigError, Mistake, Mistakes
from wsgistack.http.addresses import Networks, parse_address
from wsgistack.processes.watched_file import WatchedFile, report_lines
from wsgistack.types import Environ

__all__ = ["NetworkFile", "compile_client_rules", "describe_client"]

_COMMENTS = "#;"
_EXPECTED = "a list of networks"


def compile_client_rules(
    allowed: Collection[str], allowed_files: Collection[Path], denied: Collection[str], denied_files: Collection[Path]
) -> Callable[[str], str] | None:
    """Make a function that finds the rule by which a ``REMOTE_ADDR`` is refused: an empty text if it may enter.

    :returns: None if no network is named.
    :raises ConfigError: a network is not valid, or a file can't be used.
    """
    mistakes = Mistakes()
    inside: list[Callable[[str], bool]] = []
    outside: list[tuple[str, Callable[[str], bool]]] = []
    if allowed:
        with mistakes.collect():
            inside.append(Networks(allowed, key="allowed_networks").contains_peer)
    if denied:
        with mistakes.collect():
            outside.append(("denied_networks", Networks(denied, key="denied_networks").contains_peer))
    for path in allowed_files:
        with mistakes.collect():
            inside.append(NetworkFile(Path(path), key="allowed_files").contains_peer)
    for path in denied_files:
        with mistakes.collect():
            outside.append((f"denied_files {path}", NetworkFile(Path(path), key="denied_files").contains_peer))
    mistakes.raise_if_any()
    if not (inside or outside):
        return None

    def find_client_rule(peer: str) -> str:
        for rule, contains in outside:
            if contains(peer):
                return rule
        if inside and not any(contains(peer) for contains in inside):
            return "allowed_networks"
        return "" if _is_known(peer, is_listed=bool(inside)) else "unknown address"

    return find_client_rule if allowed_files or denied_files else lru_cache(maxsize=1024)(find_client_rule)


def describe_client(environ: Environ) -> str:
    """The address of a client, or else ``unknown``. It is never a text that the client chose."""
    address = parse_address(environ.get("REMOTE_ADDR", ""))
    return "unknown" if address is None else str(address)


@lru_cache(maxsize=1024)
def _is_known(peer: str, *, is_listed: bool) -> bool:
    """Whether the address of a peer is known. ``forwarded`` writes 0.0.0.0 for a client that a proxy does not know.

    :param is_listed: whether an allowed network contains the peer, as ``unix`` contains one without an address.
    """
    address = parse_address(peer)
    return is_listed if address is None else not address.is_unspecified


class NetworkFile:
    """The networks of a file, one on each line. A change takes effect within about a second.

    The text after ``#`` or ``;`` is a comment. The file must end with a line feed, because a list that is cut off in
    its last line may name another network. If a changed file has a mistake or can't be read, the list before it stays
    in force.

    :param key: the option that names the file.
    :raises ConfigError: at the start, the file can't be read, or a line is not a network.
    """

    def __init__(self, path: Path, *, key: str) -> None:
        self._path = path
        self._key = key
        self._file = WatchedFile(path, self._parse, key=key, expected=_EXPECTED, logger="wsgistack.request_filter")

    def contains_peer(self, remote_addr: str) -> bool:
        """Whether a ``REMOTE_ADDR`` is in one of the networks."""
        return self._file.read().contains_peer(remote_addr)

    def _parse(self, text: str) -> tuple[Networks, Sequence[Mistake]]:
        if not text.endswith("\n"):
            problem = f"{str(self._path)!r} is cut off: the last line does not end"
            raise ConfigError(Mistake(problem, key=self._key, value=self._path, expected="a line feed at the end"))
        lines: dict[str, int] = {}
        for number, line in enumerate(text.split("\n"), 1):
            lines.setdefault(_remove_comment(line), number)
        lines.pop("", None)
        try:
            return Networks(lines, key=self._key), ()
        except ConfigError as error:
            found = [
                each._replace(problem=f"{self._path}:{lines[str(each.value)]}: {each.problem}")
                for each in error.mistakes
            ]
            raise ConfigError(*report_lines(self._path, found, key=self._key, expected=_EXPECTED)) from None


def _remove_comment(line: str) -> str:
    for sign in _COMMENTS:
        line = line.partition(sign)[0]
    return line.strip()
