"""Responses that a shared cache may use again (RFC 9111)."""

import pytest

from tests.direct import environ_of
from wsgistack.http.caching import is_reusable

PAST = "Thu, 01 Jan 1970 00:00:00 GMT"
FUTURE = "Fri, 31 Dec 9999 23:59:59 GMT"


def reusable(*headers: tuple[str, str], status: str = "200 OK", **keys: str) -> bool:
    return is_reusable(environ_of(**keys), status, list(headers))


@pytest.mark.parametrize(
    "value",
    [
        "public",
        "PUBLIC, max-age=60",
        "max-age=60",
        'max-age="60"',
        "max-age=0, s-maxage=5",
        f"max-age={'9' * 5000}",
        "must-revalidate, max-age=1",
        'max-age=60, private="set-cookie"',
        'max-age=60, no-cache="set-cookie, x"',
        "max-age=60, x=private",
        "max-age=60, stale-while-revalidate=5",
        "max-age=0, stale-while-revalidate=5",
        "max-age=0, stale-if-error=5",
    ],
)
def test_cache_control_allows_it(value: str) -> None:
    assert reusable(("cache-control", value))


@pytest.mark.parametrize(
    "value",
    [
        "private",
        "private, max-age=60",
        "no-store",
        "No-Store, public",
        "no-cache",
        "max-age=0",
        "max-age=00",
        "max-age=-1",
        "max-age=soon",
        "max-age",
        "max-age=60, s-maxage=0",
        "max-age=0, stale-while-revalidate=0",
        "no-cache, stale-while-revalidate=5",
        "private, stale-while-revalidate=5",
        "must-revalidate",
        "",
        "immutable",
    ],
)
def test_cache_control_does_not_allow_it(value: str) -> None:
    assert not reusable(("Cache-Control", value))
    assert not reusable(("Cache-Control", value), status="404 Not Found")


@pytest.mark.parametrize("name", ["CDN-Cache-Control", "Surrogate-Control"])
def test_a_field_for_some_caches_counts_in_the_place_of_the_one_for_all(name: str) -> None:
    for other in ("private", "no-store", "max-age=0"):
        assert reusable(("Cache-Control", other), (name, "max-age=60")), other
    assert reusable((name, "max-age=60"))
    assert not reusable((name, "max-age=0"))
    assert not reusable((name, "no-store"))
    assert reusable((name, "no-store"), ("Cache-Control", "max-age=60"))  # for all other caches


def test_several_fields_count_together() -> None:
    assert not reusable(("Cache-Control", "public"), ("Cache-Control", "private"))


@pytest.mark.parametrize("validator", [("ETag", 'W/"1"'), ("Last-Modified", PAST)])
def test_a_validator_makes_it_possible_to_ask_again(validator: tuple[str, str]) -> None:
    for value in ("no-cache", "max-age=0", "must-revalidate", "public"):
        assert reusable(validator, ("Cache-Control", value)), value
    assert reusable(validator)
    assert reusable(validator, ("Expires", "0"))
    assert reusable(validator, status="404 Not Found")
    assert not reusable(validator, status="403 Forbidden")  # RFC 9110 section 15.1
    assert not reusable(validator, ("Cache-Control", "private"))
    assert not reusable(validator, ("Cache-Control", "no-store"))


def test_expires_counts_without_a_maximal_age() -> None:
    assert reusable(("Expires", FUTURE))
    for value in (PAST, "0", "-1", "", "soon"):
        assert not reusable(("Expires", value)), value
    assert not reusable(("Expires", FUTURE), ("Cache-Control", "max-age=0"))
    assert not reusable(("Expires", FUTURE), ("Cache-Control", "private"))


def test_a_response_that_does_not_say_anything_is_not_meant() -> None:
    assert not reusable(("Content-Type", "text/html"), ("Vary", "Accept"))


def test_a_password_forbids_it_unless_the_response_allows_it() -> None:
    for value, is_allowed in (
        ("max-age=60", False),
        ("public", True),
        ("s-maxage=60", True),
        ("max-age=60, must-revalidate", True),
    ):
        assert reusable(("Cache-Control", value), HTTP_AUTHORIZATION="Basic YTpi") is is_allowed, value


def test_only_get_counts() -> None:
    for method in ("HEAD", "POST", "PUT", "OPTIONS"):
        assert not reusable(("Cache-Control", "public"), REQUEST_METHOD=method)
