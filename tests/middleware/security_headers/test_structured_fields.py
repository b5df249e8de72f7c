"""Permissions-Policy and Reporting-Endpoints."""

import pytest

from wsgistack.errors import ConfigError
from wsgistack.middleware.security_headers.structured_fields import make_permissions, make_reporting_endpoints


def test_permissions() -> None:
    table = {
        "camera": [],
        "geolocation": ["self"],
        "fullscreen": ["*"],
        "payment": ["self", "https://pay.example.org", "https://*.example.org:8443"],
    }
    assert make_permissions(table, key="p") == (
        'camera=(), geolocation=(self), fullscreen=*, payment=(self "https://pay.example.org" "https://*.example.org:8443")'
    )
    assert make_permissions({}, key="p") == ""


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ({"geolocaton": []}, "p.geolocaton: unknown feature 'geolocaton'; did you mean 'geolocation'?"),
        (
            {"x=(), y": []},
            "p.x=(), y: unknown feature 'x=(), y'; expected one of the Permissions Policy registry, such as camera",
        ),
        (
            {"x\n": []},
            "p: unknown feature 'x\\n'; expected one of the Permissions Policy registry, such as camera",
        ),
        ({"camera": "self"}, "p.camera: is text; expected a list; write ['self']"),
        ({"camera": ["'self'"]}, """p.camera: not a valid value "'self'"; write self without quotes"""),
        ({"camera": ["(self)"]}, "p.camera: not a valid value '(self)'; write self without quotes"),
        ({"camera": ["()"]}, "p.camera: not a valid value '()'; nobody is allowed by an empty list"),
        ({"camera": ["'none'"]}, """p.camera: not a valid value "'none'"; nobody is allowed by an empty list"""),
        ({"camera": ["*", "self"]}, "p.camera: * is not alone; remove it, or all others"),
        (
            {"camera": ["example.org"]},
            "p.camera: not a valid value 'example.org'; expected self, * or an origin such as https://example.org",
        ),
    ],
)
def test_permissions_that_browsers_would_ignore(table: dict[str, list[str]], complaint: str) -> None:
    with pytest.raises(ConfigError) as raised:
        make_permissions(table, key="p")
    assert str(raised.value) == complaint


@pytest.mark.parametrize(
    "text",
    ['https://a.org"', 'https://a.org", camera=*, x="', "https://a.org\n", "https://a.org/x", "https://*.*.a.org"],
)
def test_permissions_contain_nothing_but_origins(text: str) -> None:
    with pytest.raises(ConfigError, match=r"p\.camera: not a valid value"):
        make_permissions({"camera": [text]}, key="p")


def test_reporting_endpoints() -> None:
    endpoints = {"default": "https://a.org/reports?site=1", "csp-endpoint": "/csp", "*": "https://[::1]:8443"}
    assert make_reporting_endpoints(endpoints, key="e") == (
        'default="https://a.org/reports?site=1", csp-endpoint="/csp", *="https://[::1]:8443"'
    )


@pytest.mark.parametrize("name", ["CSP", "1", "", "a b", 'a="', "a\n", "ä"])
def test_names_that_a_header_can_not_contain(name: str) -> None:
    with pytest.raises(ConfigError, match=r"e: not a valid name .*; expected lower-case letters"):
        make_reporting_endpoints({name: "/csp"}, key="e")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://a.org/",
        "//a.org/",
        "https://",
        "csp",
        "/a b",
        '/a"',
        "/a\\",
        "/a;b",
        "/a,b",
        "/a\r\nb",
        "/ä",
        "/a#b",
        "\n/",
    ],
)
def test_urls_that_a_header_can_not_contain(url: str) -> None:
    with pytest.raises(ConfigError, match=r"e\.csp: not a valid URL; expected an https URL, or the path of this site"):
        make_reporting_endpoints({"csp": url}, key="e")
