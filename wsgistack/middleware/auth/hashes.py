"""The formats of password hashes: those of htpasswd and crypt are supported, those of other systems are refused."""

import re
from collections.abc import Collection, Iterable
from importlib import import_module

from wsgistack.errors import Mistake, Mistakes, check_lists, suggest
from wsgistack.imports import require_extra

__all__ = [
    "BCRYPT_MAX",
    "NEW",
    "PLAIN",
    "WEAK",
    "HashError",
    "check_weak_hashes",
    "hash_password",
    "identify_hash",
    "refuse_foreign_hash",
    "require_libraries",
    "verify_hash",
]

BCRYPT_MAX = 72
"""In bytes. bcrypt never reads more of a password, and its library refuses a longer one."""

PLAIN = "plain"
"""In place of a format, for a password that is stored as it is."""

WEAK = {"sha1": "ldap_sha1", "des": "des_crypt", PLAIN: PLAIN}
"""Formats that a file may have only if an option names them, because whoever reads the file soon has the passwords."""

_CHAR = "[./0-9A-Za-z]"
_BASE64 = "[+/0-9A-Za-z]"
_PATTERNS = {  # by the names of the formats in libpass
    "bcrypt": rf"\$2[aby]\$(?:0[4-9]|[12][0-9]|3[01])\${_CHAR}{{21}}[.Oeu]{_CHAR}{{31}}",
    "apr_md5_crypt": rf"\$apr1\${_CHAR}{{0,8}}\${_CHAR}{{22}}",
    "md5_crypt": rf"\$1\${_CHAR}{{0,8}}\${_CHAR}{{22}}",
    "sha256_crypt": rf"\$5\$(?:rounds=[1-9][0-9]{{3,8}}\$)?{_CHAR}{{0,16}}\${_CHAR}{{43}}",
    "sha512_crypt": rf"\$6\$(?:rounds=[1-9][0-9]{{3,8}}\$)?{_CHAR}{{0,16}}\${_CHAR}{{86}}",
    "argon2": r"\$argon2(?:id|i|d)\$v=19\$m=[0-9]{1,8},t=[0-9]{1,6},p=[0-9]{1,3}"
    rf"\${_BASE64}{{11,86}}\${_BASE64}{{22,86}}",
    "ldap_sha1": rf"\{{SHA\}}{_BASE64}{{27}}=",
    "ldap_salted_sha1": rf"\{{SSHA\}}(?:{_BASE64}{{4}}){{8,11}}(?:{_BASE64}{{4}}|{_BASE64}{{3}}=|{_BASE64}{{2}}==)?",
    "des_crypt": rf"{_CHAR}{{12}}[.26AEIMQUYcgkosw]",
}
_FORMAT = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in _PATTERNS.items()))
_BEGIN = re.compile(r"\$(?:2[aby]|apr1|[156]|argon2(?:id|i|d))\$|\{S?SHA\}")

NEW: dict[str, tuple[str, dict[str, object]]] = {
    "bcrypt": ("bcrypt", {"ident": "2y"}),  # as Apache writes it
    "argon2": ("argon2", {}),
    "sha512": ("sha512_crypt", {}),
}
"""Formats of new hashes, with libpass's names and options, by the names that people write."""

_NAMES = {scheme: name for name, scheme in WEAK.items() if name != PLAIN}
_AGAIN = "set the password again with wsgistack passwd FILE USER"
_FOREIGN = (
    (r"\$\$(?:2[aby]|apr1|[156]|argon2)", "has each $ twice, as a compose file needs it", "write each $ once"),
    (r"pbkdf2:(?:sha|md5)|scrypt:[0-9]", "is a Werkzeug hash", _AGAIN),
    (r"pbkdf2_sha|bcrypt(?:_sha256)?\$|argon2\$argon2|scrypt\$[0-9]|crypt\$\$", "is a Django hash", _AGAIN),
    (r"![0-9A-Za-z]{40}$", "is Django's mark of an unusable password", _AGAIN),
    (r"(?:md5|sha[0-9]+)\$[^$]*\$[0-9a-f]{32,}$", "is a Django or Werkzeug hash", _AGAIN),
    (r"\$[PH]\$|\$wp\$", "is a phpass hash, as WordPress writes it", _AGAIN),
    (r"\$S\$", "is a Drupal hash", _AGAIN),
    (r"\$(?:y|gy|7)\$", "is a yescrypt or scrypt hash, as /etc/shadow holds it", _AGAIN),
    (r"\$(?:pbkdf2|scrypt|bcrypt-sha256)", "is a Passlib hash", _AGAIN),
    (r"\{[0-9A-Za-z.-]+\}", "is an LDAP or Dovecot hash of an unsupported kind", _AGAIN),
    (r"SCRAM-SHA-[0-9]+\$|md5[0-9a-f]{32}$", "is a PostgreSQL hash", _AGAIN),
    (r"\*[0-9A-F]{40}$", "is a MySQL hash", _AGAIN),
)
_SYSTEMS = tuple((re.compile(pattern), problem, hint) for pattern, problem, hint in _FOREIGN)
_LIKE_DES = re.compile(rf"(?=.*[a-z])(?=.*[A-Z]){_PATTERNS['des_crypt']}")


class HashError(ValueError):
    """A stored text is not a hash that can be checked. The message says why, and never shows the text."""

    def __init__(self, problem: str, hint: str = "") -> None:
        super().__init__(problem)
        self.hint = hint


def check_weak_hashes(names: Collection[str]) -> None:
    """Check the option that names weak formats.

    :raises ConfigError: it is not a list, or has another name.
    """
    key = "weak_hashes"
    check_lists(weak_hashes=names)
    Mistakes(
        Mistake(f"unknown format {name!r}", key, name, hint=suggest(name, WEAK)) for name in names if name not in WEAK
    ).raise_if_any()


def identify_hash(stored: str, weak: Collection[str] = ()) -> str:
    """Return libpass's name for the format of a hash, or ``PLAIN``.

    :param weak: the names of weak formats that are allowed.
    :raises HashError: the text is damaged, not a hash in a supported format, or in a weak one that is not allowed.
    """
    found = _FORMAT.fullmatch(stored)
    if found:
        scheme = str(found.lastgroup)
        if scheme in _NAMES and _NAMES[scheme] not in weak:
            name = _NAMES[scheme]
            raise HashError(f"is a weak {name} hash", f'{_AGAIN}, or write weak_hashes = ["{name}"]')
        return scheme
    if _BEGIN.match(stored):
        raise HashError("is a damaged hash", _AGAIN)
    refuse_foreign_hash(stored)
    if PLAIN in weak and stored:
        return PLAIN
    raise HashError("is not a hash in a supported format", _AGAIN)


def hash_password(password: str, name: str) -> str:
    """Hash a password.

    :param name: one of ``NEW``.
    :raises HashError: the hash would not depend on the whole password.
    :raises ConfigError: a library is not installed.
    """
    if name == "bcrypt" and len(password.encode()) > BCRYPT_MAX:
        problem = f"is longer than {BCRYPT_MAX} bytes, and bcrypt does not read more"
        raise HashError(problem, "choose a shorter password, or write --hash argon2")
    scheme, options = NEW[name]
    require_libraries([scheme], key="")
    made: str = getattr(import_module("passlib.hash"), scheme).using(**options).hash(password)
    return made


def refuse_foreign_hash(password: str) -> None:
    """Refuse a plain password that is the hash of another system: whoever reads it could enter with it.

    A hash of DES crypt has no mark. A text counts as one if it has its 13 characters and upper and lower case letters.

    :raises HashError: it is one.
    """
    for pattern, problem, hint in _SYSTEMS:
        if pattern.match(password):
            raise HashError(problem, hint)
    if _LIKE_DES.fullmatch(password):
        raise HashError("looks like a DES crypt hash", f"if it is a password, {_AGAIN}")


def require_libraries(schemes: Iterable[str], *, key: str) -> None:
    """Import the libraries for hashes of these formats.

    libpass loads the library of a format at the first use, which is not safe for threads, so this loads it now.

    :raises ConfigError: a library is not installed.
    """
    libraries = {"bcrypt": "bcrypt", "argon2": "argon2"}
    for scheme in sorted(schemes):
        formats = require_extra("passlib.hash", extra="htpasswd", key=key)
        if scheme in libraries:
            require_extra(libraries[scheme], extra="htpasswd", key=key)
            getattr(formats, scheme).get_backend()


def verify_hash(stored: str, password: str) -> bool:
    """Check a password against a hash in a supported format. This is slow on purpose."""
    found = _FORMAT.fullmatch(stored)
    scheme = str(found and found.lastgroup)
    secret = password.encode()[:BCRYPT_MAX] if scheme == "bcrypt" else password
    try:
        is_right: bool = getattr(import_module("passlib.hash"), scheme).verify(secret, stored)
    except ValueError:  # the password contains a NUL
        return False
    return is_right
