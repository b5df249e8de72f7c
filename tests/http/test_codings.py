"""The names of codings, and their libraries."""

import pytest

from wsgistack.errors import ConfigError
from wsgistack.http.codings import name_coding, require_coding


@pytest.mark.parametrize(
    ("text", "name"), [("gzip", "gzip"), (" GZip\t", "gzip"), ("x-gzip", "gzip"), ("X-GZIP", "gzip"), ("br", "br")]
)
def test_names_a_coding(text: str, name: str) -> None:
    assert name_coding(text) == name


def test_a_missing_library_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "brotli", None)
    with pytest.raises(ConfigError, match=r"codings: needs the library brotli.*pip install 'wsgistack\[compress\]'"):
        require_coding("br")
