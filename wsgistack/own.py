"""What belongs to the application, and not to Python or to what is installed."""

import sysconfig
from pathlib import Path
from traceback import walk_tb

__all__ = ["describe_origin", "is_own_code"]

_HERE = Path(__file__).parent


def is_own_code(file: str) -> bool:
    """Whether a module's file is neither of the standard library nor of a distribution that is installed."""
    path = Path(file)
    libraries = {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}
    return not (
        {"site-packages", "dist-packages"} & {*path.parts} or any(path.is_relative_to(each) for each in libraries)
    )


def describe_origin(error: BaseException) -> str:
    """Say where the application's own code failed, as ``(shop.py, line 3)`` with a blank before it.

    Nothing where the error tells it by itself, or where none of that code was running.
    """
    if isinstance(error, SyntaxError) and error.filename and not error.filename.startswith("<"):
        return ""
    places = [(frame.f_code.co_filename, line) for frame, line in walk_tb(error.__traceback__)]
    for file, line in reversed(places):
        if not file.startswith("<") and is_own_code(file) and not Path(file).is_relative_to(_HERE):
            return f" ({_told(Path(file))}, line {line})"
    return ""


def _told(path: Path) -> Path:
    try:
        here = Path.cwd()
    except FileNotFoundError:  # the folder of the process is gone
        return path
    return path.relative_to(here) if path.is_relative_to(here) else path
