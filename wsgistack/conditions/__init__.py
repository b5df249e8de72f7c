"""Conditions: for which requests a layer is there, and for which it is as if it were not."""

from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

from wsgistack.conditions.ini import find_setting, format_settings, split_conditions
from wsgistack.conditions.parsing import normalize_condition, resolved
from wsgistack.conditions.predicates import Predicate, predicate
from wsgistack.types import App, Environ, StartResponse

__all__ = [
    "Condition",
    "Conditional",
    "condition",
    "find_setting",
    "format_settings",
    "normalize_condition",
    "split_conditions",
]

Condition: TypeAlias = Predicate


def condition(given: object, *, base: Path | None = None) -> Condition:
    """Compile what stands under ``when``: a function that says of a request, by its environ, whether it is meant.

    :param given: an import string of such a function, the function itself, or a mapping. All of its keys have to be
        true of the request, each by one of its values, which is text or a list of texts:

        - ``path``: globs for SCRIPT_NAME + PATH_INFO, as :mod:`fnmatch` knows them: a ``*`` goes over slashes, ``[[]``
          is a bracket, case matters. ``/api/*`` is not ``/api``. The path is taken as UTF-8 where it is that;
        - ``method``: exact, and in upper case;
        - ``host``: globs for the Host that the client names, or else SERVER_NAME, in any case, without the port, the
          brackets of an IPv6 address and the dot of the root;
        - ``scheme``: ``http`` or ``https``;
        - ``header``: a mapping of names, in any case, to globs, all of which have to be true; or names, one of which
          has to be there. A Content-Type or Content-Length that is empty is not there (PEP 3333);
        - ``environ``: the same for the keys of the environ, and the values as ``str()`` gives them;
        - ``not``: another mapping like this one, that must not be true;
        - ``call``: an import string or a function, beside the other keys.
    :param base: the folder that relative paths in references start from.
    :raises ConfigError: with every mistake, by keys such as ``when.not.host``.

    It is no wall: ``//admin`` is another path, but perhaps not so for the application. To protect, say with ``not``
    what is public.
    """
    return predicate(resolved(given, base=base))


class Conditional:
    """A layer that is there for some requests; all others go on to what it is around, and it takes no notice of them.

    :param layer: with the application inside.
    :param app: the application without the layer.
    :param condition: which requests go to the layer. What it raises passes, as from a middleware.
    :param when: what the condition was made of, to be shown.

    Cost tier T0, and the time of the condition.
    """

    __slots__ = ("_app", "_condition", "_layer", "_when")

    def __init__(self, layer: App, app: App, condition: Condition, when: object = None) -> None:
        self._layer = layer
        self._app = app
        self._condition = condition
        self._when = condition if when is None else when

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        return (self._layer if self._condition(environ) else self._app)(environ, start_response)

    def __repr__(self) -> str:
        return f"Conditional({self._layer!r}, when={self._when!r})"
