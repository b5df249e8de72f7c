"""Build ten layers from an ini file, from a TOML file, in Python and with PasteDeploy."""

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.pairs import Case, Effort, interleave
from benchmarks.plots import Bar
from benchmarks.rows import Row, describe_version
from benchmarks.traffic import PASSWORD, TEXT, USER, make_whole
from wsgistack import Pipeline, load
from wsgistack.types import App

__all__ = ["application", "make_application", "make_builders", "measure_building"]

_LAYERS: Mapping[str, Mapping[str, str]] = {
    "request_id": {"header": "X-Correlation-ID"},
    "access_log": {"output": "logging", "format": "combined"},
    "catch_errors": {"debug": "false"},
    "gzip": {"minimum_size": "1 kB", "level": "5"},
    "basic_auth": {"realm": "Orders", "users": f"{USER} = {PASSWORD}"},
}
_TWICE = [f"{name}{number}" for number in (1, 2) for name in _LAYERS]

application = make_whole(TEXT)


def make_application(global_conf: Mapping[str, str]) -> App:
    """Return the application, as an app factory of PasteDeploy."""
    return application


def measure_building(effort: Effort) -> tuple[list[Row], list[Bar]]:
    """Measure all ways to build them, in turn."""
    with TemporaryDirectory() as folder:
        cases = {f"from {name}": case for name, case in make_builders(Path(folder)).items()}
        samples = interleave(cases, effort)
    ours = "from an ini file"
    rows = [Row(f"ten layers, {name}", "", samples.cost(name), "µs") for name in cases]
    rows += [Row(f"ten layers, {ours}", name, samples.ratio(ours, name)) for name in cases if name != ours]
    return rows, [Bar(name, samples.cost(name).median / 1000, "PasteDeploy" not in name) for name in cases]


def make_builders(folder: Path) -> dict[str, Case]:
    """Make a case for each source of the ten layers; files are written into the folder."""
    ini, toml = folder / "ten.ini", folder / "ten.toml"
    ini.write_text(_format_ini(), "utf-8")
    toml.write_text(_format_toml(), "utf-8")
    cases: dict[str, Case] = {
        "an ini file": partial(load, ini),
        "a TOML file": partial(load, toml),
        "Python": _build_in_python,
    }
    deploy = describe_version("PasteDeploy")
    if deploy:
        loadapp: Callable[[str], object] = import_module("paste.deploy").loadapp
        cases[f"an ini file with {deploy}"] = lambda: loadapp(f"config:{ini}")
    return cases


def _build_in_python() -> App:
    layers = (
        {"use": "request_id", "header": "X-Correlation-ID"},
        {"use": "access_log", "output": "logging", "format": "combined"},
        {"use": "catch_errors", "debug": False},
        {"use": "gzip", "minimum_size": 1000, "level": 5},
        {"use": "basic_auth", "realm": "Orders", "users": {USER: PASSWORD}},
    )
    return Pipeline([*layers, *layers]).wrap(application)


def _format_ini() -> str:
    sections = ["[pipeline:main]", f"pipeline = {' '.join(_TWICE)} end"]
    for name in _TWICE:
        sections += [f"[filter:{name}]", f"use = egg:wsgistack#{name[:-1]}"]
        sections += [f"{key} = {value}" for key, value in _LAYERS[name[:-1]].items()]
    return "\n".join([*sections, "[app:end]", f"use = call:{__name__}:make_application", ""])


def _format_toml() -> str:
    lines = [f'app = "{__name__}:application"', ""]
    for name in _TWICE:
        lines += ["[[layers]]", f'use = "{name[:-1]}"']
        for key, value in _LAYERS[name[:-1]].items():
            user, equals, password = value.partition(" = ")
            written = f'{{ {user} = "{password}" }}' if equals else f'"{value}"'
            lines.append(f"{key} = {'false' if value == 'false' else '5' if value == '5' else written}")
    return "\n".join([*lines, ""])
