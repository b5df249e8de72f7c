"""Conditions: for which requests a layer is active."""

from collections.abc import Iterable
from pathlib import Path

from wsgistack.conditions.parsing import resolve_condition
from wsgistack.conditions.predicates import Predicate, predicate
from wsgistack.types import App, Environ, StartResponse

__all__ = ["Conditional", "condition"]


def condition(given: object, *, base: Path | None = None) -> Predicate:
    """Compile the value of ``when`` to a function that takes the environ of a request and returns true or false.

    :param given: an import string of such a function, the function itself, or a mapping. All of its keys must match
        the request, each by at least one of its values, which is a text or a list of texts:

        - ``under``: beginnings of SCRIPT_NAME + PATH_INFO, by whole segments: ``/admin`` matches ``/admin`` and
          ``/admin/x``, but not ``/administrators``;
        - ``path``: globs for the same, as in :mod:`fnmatch`: a ``*`` also matches slashes, ``[[]`` is a bracket, case
          matters. A slash at the end of the path does not matter. The path is read as UTF-8 if it is valid UTF-8;
        - ``method``: ``GET`` includes HEAD, and the request's method may be in lower case, or in the header
          X-HTTP-Method-Override, X-HTTP-Method or X-Method-Override, which some applications prefer;
        - ``host``: globs for the Host header, or else SERVER_NAME, in any case, without the port, the
          brackets of an IPv6 address and the dot of the root;
        - ``scheme``: ``http`` or ``https``;
        - ``header``: a mapping of names, in any case, to globs, all of which must match; or names, one of which must
          be present. An empty Content-Type or Content-Length counts as absent (PEP 3333);
        - ``environ``: the same for the keys of the environ, and the values as ``str()`` writes them;
        - ``not``: another mapping like this one, which must not match;
        - ``call``: an import string or a function, beside the other keys.
    :param base: the folder that relative paths in references start from.
    :raises ConfigError: with every mistake, by keys such as ``when.not.host``.

    Applications may read one request differently: ``//admin`` and ``/x/../admin`` as ``/admin``, the Host ``a.org.:80``
    as ``a.org``. PATH_INFO counts as a path of its own, because some servers take SCRIPT_NAME from a header. So does
    the header X-Vhm-Root + PATH_INFO, where Pyramid's traversal finds its pages. A key matches if any of these forms
    does. Inside ``not`` it matches only if all of them do, exactly: HEAD is not GET there, and behind a SCRIPT_NAME
    ``/shop`` list ``/public`` as well as ``/shop/public``.

    To protect an application, list with ``not`` what is public: ``{"not": {"under": ["/health", "/static"]}}``. Then a
    path that nobody thought of is protected, too. A client chooses its method, its Host and all other headers; so do
    not protect anything by these alone.
    """
    return predicate(resolve_condition(given, base=base))


class Conditional:
    """A layer for some requests. All others go to the application inside of it.

    :param layer: with the application inside.
    :param app: the application without the layer.
    :param condition: which requests go to the layer. Its exceptions pass, as from a middleware.
    :param when: the condition as it is written, to be shown.

    Cost tier T0, and the time of the condition.
    """

    __slots__ = ("_app", "_condition", "_layer", "_when")

    def __init__(self, layer: App, app: App, condition: Predicate, when: object = None) -> None:
        self._layer = layer
        self._app = app
        self._condition = condition
        self._when = condition if when is None else when

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        return (self._layer if self._condition(environ) else self._app)(environ, start_response)

    def __repr__(self) -> str:
        return f"Conditional({self._layer!r}, when={self._when!r})"
