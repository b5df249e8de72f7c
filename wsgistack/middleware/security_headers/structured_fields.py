"""Permissions-Policy and Reporting-Endpoints, whose values are dictionaries (RFC 9651 section 3.2)."""

import re
from collections.abc import Iterator, Mapping, Sequence

from wsgistack.errors import Mistake, Mistakes, did_you_mean
from wsgistack.http.origins import normalize_origin

__all__ = ["make_permissions", "make_reporting_endpoints"]

_NAMES = """
accelerometer all-screens-capture ambient-light-sensor aria-notify attribution-reporting autofill autoplay battery
bluetooth browsing-topics camera captured-surface-control ch-ua ch-ua-arch ch-ua-bitness ch-ua-full-version
ch-ua-full-version-list ch-ua-high-entropy-values ch-ua-mobile ch-ua-model ch-ua-platform ch-ua-platform-version
ch-ua-wow64 clipboard-read clipboard-write compute-pressure cross-origin-isolated deferred-fetch deferred-fetch-minimal
digital-credentials-create digital-credentials-get direct-sockets display-capture encrypted-media
execution-while-not-rendered execution-while-out-of-viewport focus-without-user-activation fullscreen gamepad
geolocation gyroscope hid identity-credentials-get idle-detection join-ad-interest-group keyboard-map language-detector
language-model local-fonts local-network local-network-access loopback-network magnetometer manual-text mediasession
microphone midi monetization navigation-override on-device-speech-recognition otp-credentials payment
picture-in-picture private-state-token-issuance private-state-token-redemption publickey-credentials-create
publickey-credentials-get rewriter run-ad-auction screen-wake-lock serial smart-card speaker-selection storage-access
summarizer sync-script sync-xhr tools translator trust-token-redemption unload usb vertical-scroll web-share
window-management writer xr-spatial-tracking
"""
_FEATURES = frozenset(_NAMES.split())
_SUBDOMAINS = re.compile(r"([a-z][a-z0-9+.-]*://)\*\.(.+)", re.IGNORECASE)
_KEY = re.compile(r"[a-z*][a-z0-9_.*-]*")
_URL = re.compile(r"(?:https://(?=[A-Za-z0-9\[])|/(?!/))[!$-+\--:<-\[\]-~]*")


def make_permissions(table: Mapping[str, Sequence[str]], *, key: str) -> str:
    """The value of Permissions-Policy.

    :param table: who may use each feature: nobody for an empty list.
    :param key: the option, for mistakes.
    :raises ConfigError: a feature is unknown, or one of those who may use it is not valid.
    """
    mistakes = Mistakes()
    members = []
    for feature, allowed in table.items():
        at = f"{key}.{feature}" if feature.isprintable() else key
        if feature not in _FEATURES:
            hint = did_you_mean(feature, _FEATURES)
            expected = "" if hint else "one of the Permissions Policy registry, such as camera"
            mistakes.append(
                Mistake(f"unknown feature {feature!r}", key=at, value=feature, expected=expected, hint=hint)
            )
        elif isinstance(allowed, str):
            mistakes.append(Mistake("is text", at, allowed, "a list", f"write {allowed.split()}"))
        else:
            mistakes.extend(each._replace(key=at) for each in _check_allowed(allowed))
            items = " ".join(each if each in ("*", "self") else f'"{each}"' for each in allowed)
            members.append(f"{feature}=*" if items == "*" else f"{feature}=({items})")
    mistakes.raise_if_any()
    return ", ".join(members)


def _check_allowed(allowed: Sequence[str]) -> Iterator[Mistake]:
    if "*" in allowed and len(allowed) > 1:
        yield Mistake("* is not alone", hint="remove it, or all others")
    for each in allowed:
        if each not in ("*", "self") and not normalize_origin(_SUBDOMAINS.sub(r"\1\2", each)):
            bare = each.strip("'\"()")
            if bare in ("self", "*"):
                yield Mistake(f"not a valid value {each!r}", value=each, hint=f"write {bare} without quotes")
            elif bare in ("none", ""):
                yield Mistake(f"not a valid value {each!r}", value=each, hint="nobody is allowed by an empty list")
            else:
                expected = "self, * or an origin such as https://example.org"
                yield Mistake(f"not a valid value {each!r}", value=each, expected=expected)


def make_reporting_endpoints(endpoints: Mapping[str, str], *, key: str) -> str:
    """The value of Reporting-Endpoints.

    :param endpoints: the URL of each name.
    :param key: the option, for mistakes.
    :raises ConfigError: a name or a URL is not valid.
    """
    mistakes = Mistakes()
    for name, url in endpoints.items():
        if not _KEY.fullmatch(name):
            expected = "lower-case letters, digits, - and _, such as csp-endpoint"
            mistakes.append(Mistake(f"not a valid name {name!r}", key=key, value=name, expected=expected))
        elif not _URL.fullmatch(url):
            expected = "an https URL, or the path of this site, without spaces, quotes, commas and semicolons"
            mistakes.append(Mistake("not a valid URL", key=f"{key}.{name}", value=url, expected=expected))
    mistakes.raise_if_any()
    return ", ".join(f'{name}="{url}"' for name, url in endpoints.items())
