"""The content codings that layers encode and decode (RFC 9110 §8.4.1), and the libraries for them."""

import sys
from types import ModuleType

from wsgistack.imports import require_extra

__all__ = ["name_coding", "require_coding"]

_LIBRARIES = {
    "br": "brotli",
    "zstd": "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd",
}


def name_coding(text: str) -> str:
    """Return the name of a coding in lower case. ``x-gzip`` is gzip (RFC 9110 §8.4.1.3)."""
    name = text.strip(" \t").lower()
    return "gzip" if name == "x-gzip" else name


def require_coding(name: str) -> ModuleType:
    """Import the library of ``br`` or ``zstd`` for the option ``codings``.

    :raises ConfigError: it is not installed.
    """
    return require_extra(_LIBRARIES[name], extra="compress", key="codings")
