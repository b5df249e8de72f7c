"""A layer with an option of every type, and strategies for its options and conditions."""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum, IntEnum
from pathlib import Path
from typing import Annotated, Any, Literal, TypedDict

from hypothesis import strategies as st

from wsgistack.types import App, Duration, Secret, Size

MODULE = "tests.config.typed_layers"


class Color(Enum):
    RED = "red"
    DARK_BLUE = 7


class Depth(IntEnum):
    LOW = 1
    HIGH = 2


class Limits(TypedDict, total=False):
    period: Duration
    times: int


def everything(
    app: App,
    /,
    *,
    text: str = "",
    maybe: str | None = None,
    number: int | None = None,
    ratio: float = 0.0,
    flag: bool = False,
    file: Path | None = None,
    files: Sequence[Path] = (),
    words: Sequence[str] = (),
    numbers: list[int] | None = None,
    tags: frozenset[str] = frozenset(),
    pair: tuple[str, int] = ("", 0),
    pairs: Mapping[str, str] = {},
    counts: dict[str, int] | None = None,
    nested: Mapping[str, Sequence[str | None]] = {},
    by_color: Mapping[Color, float] = {},
    color: Color = Color.RED,
    depth: Depth = Depth.LOW,
    level: Literal["low", "high", 3] = "low",
    wait: Duration = 0,
    size: Size | None = None,
    limits: Limits | None = None,
    hook: Callable[..., object] | None = None,
    use: str = "",
    name: str = "",
    key: Annotated[str, Secret] = "",
) -> App:
    return app


def loose(app: App, /, **options: Any) -> App:
    return app


unnamed = lambda: None  # noqa: E731 - its own name is no name in this module


def condition(environ: object) -> bool:
    return False


replaced = condition


def condition(environ: object) -> bool:  # type: ignore[no-redef]
    return True


TEXTS = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=12),
    st.text("ab \n\t\r\"'%\\[]{},=#;:$(é\x00\x1f\x85\u2028☃", max_size=8),
    st.sampled_from(["%(here)s", "%%", "${x}", "none", "true", "1", "a b", "a, b", "[a]", "{", '["a"]', "#", "a\n#b"]),
)
PATHS = st.sampled_from(["a.log", "sub/b.log", "/etc/passwd", "../c", ".", "a b", "%x"]).map(Path)
FLOATS = st.floats()
KEYS = st.one_of(TEXTS, st.sampled_from(["a", "b", "a.b", "a b", "a=b"]))
SECONDS = st.floats(0, 1e6) | st.integers(0, 10**9).map(float)
OPTIONS: Mapping[str, st.SearchStrategy[object]] = {
    "text": TEXTS,
    "maybe": st.none() | TEXTS,
    "number": st.none() | st.integers(),
    "ratio": FLOATS,
    "flag": st.booleans(),
    "file": st.none() | PATHS,
    "files": st.lists(PATHS, max_size=3),
    "words": st.lists(TEXTS, max_size=3),
    "numbers": st.none() | st.lists(st.integers(), max_size=3),
    "tags": st.frozensets(TEXTS, max_size=3),
    "pair": st.tuples(TEXTS, st.integers()),
    "pairs": st.dictionaries(KEYS, TEXTS, max_size=3),
    "counts": st.none() | st.dictionaries(KEYS, st.integers(), max_size=3),
    "nested": st.dictionaries(KEYS, st.lists(st.none() | TEXTS, max_size=2), max_size=2),
    "by_color": st.dictionaries(st.sampled_from(Color), FLOATS, max_size=2),
    "color": st.sampled_from(Color),
    "depth": st.sampled_from(Depth),
    "level": st.sampled_from(["low", "high", 3]),
    "wait": SECONDS,
    "size": st.none() | st.integers(0),
    "limits": st.none() | st.fixed_dictionaries({}, optional={"period": SECONDS, "times": st.integers()}),
    "hook": st.none() | st.just(condition),
    "use": TEXTS,
    "name": TEXTS,
    "key": TEXTS,
}
GLOBS = st.lists(
    st.sampled_from(["/a", "/b*", "/c[d]", "/é", "/%", "/x y", "/x,y"]), min_size=1, max_size=2, unique=True
)
REQUESTS = st.fixed_dictionaries(
    {},
    optional={
        "path": GLOBS,
        "method": st.sampled_from(["GET", ["GET", "POST"]]),
        "host": st.just("a.example"),
        "header": st.sampled_from(["x-a", {"x-a": ["1", "2 3"], "x-b": "*"}]),
        "environ": st.just({"A": "=b"}),
        "call": st.just(f"{MODULE}:condition"),
    },
)
CONDITIONS: st.SearchStrategy[object] = st.one_of(
    st.none(),
    REQUESTS,
    st.builds(lambda negated, other: {**other, "not": negated}, REQUESTS.filter(bool), REQUESTS),
    st.just(f"{MODULE}:condition"),
)
