"""Forks of other programs than Python."""

import ctypes
import signal

__all__ = ["fork_like_uwsgi"]


def fork_like_uwsgi() -> int:
    """Fork as a program in C does, which calls none of the functions of ``os.register_at_fork``."""
    child: int = ctypes.PyDLL(None).fork()
    if not child:
        signal.alarm(30)  # ends a child that hangs
    return child
