"""The same part of the same file, built by PasteDeploy and by this package."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from paste.deploy import loadapp, loadfilter, loadserver

from tests.config.recording import Made
from wsgistack import config
from wsgistack.types import App

__all__ = ["EGG", "FILES", "ours", "theirs"]

FILES = Path(__file__).parent / "same"
_MODULE = "tests.config.recording"
EGG = f"""
[paste.app_factory]
main = {_MODULE}:app_factory
other = {_MODULE}:Sites.make
[paste.composite_factory]
many = {_MODULE}:composite_factory
[paste.filter_factory]
wide = {_MODULE}:filter_factory
[paste.filter_app_factory]
main = {_MODULE}:filter_app_factory
narrow = {_MODULE}:filter_app_factory
[paste.server_factory]
main = {_MODULE}:server_factory
[paste.server_runner]
runner = {_MODULE}:server_runner
"""
_END = cast(App, Made("end", {}, ()))


def theirs(file: Path, kind: str, name: str, passed: Mapping[str, str] | None = None) -> object:
    load = {"filter": loadfilter, "server": loadserver}.get(kind, loadapp)
    made: Any = load(f"config:{file}", name=name, global_conf=passed)
    return made(_END) if kind in ("filter", "server") else made


def ours(file: Path, kind: str, name: str, passed: Mapping[str, str] | None = None) -> object:
    load = {"filter": config.load_filter, "server": config.load_server}.get(kind, config.load)
    made: Any = load(file, name, global_conf=passed)
    return made(_END) if kind in ("filter", "server") else made
