"""What a subclass of an exchange may be in Python: derived, generic, with mixins and keywords."""

from typing import Any, Generic, TypeVar

import pytest

from tests.direct import Call, answering
from wsgistack import Exchange, HeldExchange, MeasuredExchange

T = TypeVar("T")
each_kind = pytest.mark.parametrize("kind", [Exchange, HeldExchange, MeasuredExchange])


@each_kind
def test_can_be_generic(kind: type[Exchange]) -> None:
    class Marking(kind, Generic[T]):  # type: ignore[valid-type,misc]
        """Marks something of a type."""

    assert Marking[int].__origin__ is Marking


@each_kind
def test_passes_keywords_of_a_class_to_others(kind: type[Exchange]) -> None:
    seen: dict[str, object] = {}

    class Noticing:
        """A mixin that takes keywords."""

        def __init_subclass__(cls, **keywords: object) -> None:
            seen.update(keywords)

    class Marking(kind, Noticing, mark="*"):  # type: ignore[valid-type,misc]
        """Has a keyword."""

    assert seen == {"mark": "*"}


@each_kind
def test_inherits_methods_as_they_are(kind: type[Exchange]) -> None:
    class Marking(kind):  # type: ignore[valid-type,misc]
        """Has a method with a default for a keyword."""

        def on_chunk(self, chunk: bytes) -> bytes:
            return super().on_chunk(self.mark(chunk))  # type: ignore[no-any-return]

        def mark(self, chunk: bytes, *, mark: bytes = b"*") -> bytes:
            """Mark a chunk."""
            return mark + chunk

    class Derived(Marking):
        """Is one more class."""

    def app(environ: Any, start_response: Any) -> Any:
        return Derived(environ, start_response).run(answering(iter([b"a", b"b"])))

    assert Call(app).read() == b"*a*b"
    assert Derived.mark.__doc__ == "Mark a chunk."
    assert Derived.mark.__annotations__ == Marking.mark.__annotations__
