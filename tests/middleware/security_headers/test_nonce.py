"""The nonce of one request."""

import logging
import re

import pytest

from wsgistack.http.notices import Notice
from wsgistack.middleware.security_headers.nonce import Nonce

BASE64 = re.compile(r"[A-Za-z0-9_-]{24}")  # flask-talisman and its fork had lengths that are not base64, and too short


def test_str_makes_it_once() -> None:
    nonce = Nonce(Notice(logging.getLogger("tests")))
    assert nonce.value == ""
    assert BASE64.fullmatch(str(nonce))
    assert str(nonce) == f"{nonce}" == nonce.value


def test_is_another_one_each_time() -> None:
    notice = Notice(logging.getLogger("tests"))
    assert len({str(Nonce(notice)) for _ in range(1000)}) == 1000


def test_is_true_and_not_made_by_a_condition_or_a_debugger() -> None:
    nonce = Nonce(Notice(logging.getLogger("tests")))
    assert nonce
    assert "Nonce" in repr(nonce)
    assert nonce.value == ""


def test_warns_if_it_is_read_too_late(caplog: pytest.LogCaptureFixture) -> None:
    notice = Notice(logging.getLogger("tests"))
    for _ in range(3):
        nonce = Nonce(notice)
        nonce.is_late = True
        assert str(nonce)
        assert str(nonce)
    (record,) = caplog.records
    assert record.getMessage() == (
        "a page read the CSP nonce after its response had started, so the policy does not have it and browsers block "
        'its scripts; read str(environ["wsgistack.csp_nonce"]) before the response starts'
    )
