"""Tables of any Python objects: reading and checking them raises nothing but mistakes."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.config import factories
from wsgistack import ConfigError, Gzip, Spec, config
from wsgistack.config import open_document

KEYS = st.sampled_from(
    ["app", "mounts", "layers", "apps", "servers", "global", "use", "name", "when", "options", "main", "path", "level"]
)
SCALARS = st.one_of(
    st.sampled_from(
        ["gzip", "main", "a", "egg:wsgistack#mount", "egg:", "call:", "call:json:dumps", "config:x", ":", ""]
    ),
    st.sampled_from(
        ["paste.app_factory:tests.config.factories:make_app", "tests.config.factories:greet", "${env:X", "/"]
    ),
    st.sampled_from([None, 5, 1.5, True, b"x", object(), factories.greet, Gzip, Spec("gzip"), len, type]),
    st.text(max_size=3),
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner),
        st.dictionaries(KEYS | SCALARS.filter(lambda each: type(each) in (str, int)), inner, max_size=4),
    ),
    max_leaves=12,
)
TABLES = st.dictionaries(KEYS, VALUES, max_size=4)


@given(TABLES | st.fixed_dictionaries({"app": VALUES, "layers": st.lists(VALUES, max_size=3), "apps": TABLES | VALUES}))
def test_reports_nothing_but_mistakes(table: dict[str, Any]) -> None:
    document = open_document(table)
    checked = {str(each) for each in config.find_mistakes(document)}
    loaded: set[str] = set()
    try:
        config.load(table)
    except ConfigError as error:
        loaded = {str(each) for each in error.mistakes}
    assert loaded <= checked
