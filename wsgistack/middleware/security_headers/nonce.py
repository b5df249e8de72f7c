"""The nonce of one request, which is made when something reads it."""

from secrets import token_urlsafe

from wsgistack.http.notices import Notice

__all__ = ["Nonce"]

_SIZE = 18
"""In bytes. CSP asks for 16 or more; 18 make 24 characters that need no padding."""


class Nonce:
    """``str()`` makes the nonce, and so does every template that renders it.

    :param notice: logs that a page reads the nonce too late.
    """

    __slots__ = ("_notice", "is_late", "value")

    def __init__(self, notice: Notice) -> None:
        self._notice = notice
        self.value: str = ""
        """Empty until something reads it."""
        self.is_late: bool = False
        """Whether a policy without the nonce has been sent."""

    def __str__(self) -> str:
        if not self.value:
            self.value = token_urlsafe(_SIZE)
            if self.is_late:
                self._notice.log(
                    "a page read the CSP nonce after its response had started, so the policy does not have it and "
                    'browsers block its scripts; read str(environ["wsgistack.csp_nonce"]) before the response starts'
                )
        return self.value
