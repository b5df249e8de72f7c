"""What a scheme is, and that a new one takes few lines."""

import copy
import hmac
import pickle
import re
from collections.abc import Callable
from inspect import cleandoc
from textwrap import dedent

import pytest
from webtest import TestApp

from tests.direct import answering
from wsgistack import Auth, ConfigError, Credentials, Identity, Refusal, Scheme


def test_the_example_works_and_has_fifteen_lines_at_most() -> None:
    example = re.search(r"::\n\n((?:    .*\n|\n)+)", cleandoc(Scheme.__doc__ or "") + "\n")
    assert example
    code = dedent(example[1]).strip()
    assert len(code.splitlines()) <= 15
    found: dict[str, type[Scheme]] = {}
    names = {"Credentials": Credentials, "Identity": Identity, "Refusal": Refusal, "Scheme": Scheme, "hmac": hmac}
    exec(code, {**names, "KEY": b"s3cret"}, found)  # noqa: S102
    client = TestApp(Auth(answering([b"hello"]), schemes=[found["Gateway"]]))
    assert client.get("/", headers={"X-Gateway-User": "ada", "X-Gateway-Key": "s3cret"}).text == "hello"
    assert client.get("/", headers={"X-Gateway-User": "ada", "X-Gateway-Key": "wrong"}, status=401)
    assert client.get("/", status=401).headers["WWW-Authenticate"] == 'Gateway realm="Restricted"'


def test_a_scheme_without_methods_is_not_ready() -> None:
    scheme = Scheme()
    with pytest.raises(NotImplementedError):
        scheme.read({})
    with pytest.raises(NotImplementedError):
        scheme.verify(Credentials("", ""))


def test_says_what_makes_no_scheme() -> None:
    with pytest.raises(ConfigError, match="which is not a Scheme; expected a subclass of"):
        Auth(answering([]), schemes=[dict])  # type: ignore[list-item]
    with pytest.raises(ConfigError, match="bearer: is text; expected a mapping of options"):
        Auth(answering([]), bearer="x")  # type: ignore[arg-type]


def test_the_repr_of_credentials_shows_no_secret() -> None:
    assert repr(Credentials("ada", "s3cret")) == "Credentials(user='ada')"


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda identity: pickle.loads(pickle.dumps(identity))])  # noqa: S301
@pytest.mark.parametrize("identity", [Identity("ada", "Basic"), Identity("ada", "Bearer", claims={"sub": ["ada"]})])
def test_an_identity_can_be_copied_and_pickled(identity: Identity, copied: Callable[[Identity], Identity]) -> None:
    assert copied(identity) == identity
