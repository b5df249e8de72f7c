"""The floors and walls of the house: which module may import which."""

import ast
import sys
from functools import cache
from graphlib import TopologicalSorter
from importlib.metadata import requires
from pathlib import Path

import pytest

import wsgistack
from wsgistack.pipeline import registry

PACKAGE = Path(wsgistack.__file__).parent
TESTS = Path(__file__).parent

FLOORS = (
    # what everything else imports
    (
        "options.__init__",
        "options.signatures",
    ),
    (
        "types",
        "errors",
        "peers",
        "http.__init__",
        "middleware.__init__",
        "config.paste.__init__",
        "config.table.__init__",
        "serving.__init__",
        "processes.__init__",
        "processes.forking",
    ),
    (
        "imports",
        "pipeline.shape",
        "serving.address",
    ),
    (
        "serving.listener",
        "serving.programs",
        "processes.background",
        "processes.watched_file",
        "processes.writable",
    ),
    (
        "options.secrets",
        "options.references",
        "options.quantities",
        "http.addresses",
        "http.proxies",
        "http.escaping",
        "http.forms",
        "http.headers",
        "http.origins",
        "http.redaction",
        "exchange.current",
        "environ",
        "exchange.lengths",
        "file_wrapper",
    ),
    ("http.uploads",),
    (
        "exchange.__init__",
        "http.hosts",
        "http.paths",
        "http.preconditions",
        "http.traceparent",
        "http.bodies",
        "http.codings",
        "http.urls",
        "http.notices",
        "options.conversion",
    ),
    (
        "exchange.context",
        "exchange.held",
        "exchange.measured",
        "exchange.setting",
        "options.schema",
    ),
    ("http.caching",),
    ("base",),
    # what layers are made of
    ("http.negotiation",),
    ("http.responses",),
    ("exchange.refusing",),
    ("middleware.*.*",),
    ("middleware.catch_errors.debug.*",),
    (
        "middleware.*",
        "middleware.*.__init__",
        "pipeline.mount",
    ),
    # what composes them
    ("conditions.predicates",),
    (
        "conditions.parsing",
        "conditions.openings",
    ),
    ("conditions.__init__",),
    ("pipeline.registry",),
    ("pipeline.spec",),
    ("pipeline.__init__",),
    # what applications use for their logs
    ("logging.records",),
    ("logging.keeping",),
    (
        "logging.carrying",
        "logging.formatting",
        "logging.jobs",
    ),
    ("logging.__init__",),
    # layers with the names of another project
    (
        "oslo.options",
        "oslo.starts",
    ),
    ("oslo.*",),
    ("oslo.__init__", "translogger"),
    # what reads files
    ("config.place",),
    (
        "config.paste.ini",
        "config.table.toml",
        "config.protocols",
    ),
    (
        "config.hints",
        "config.logging",
    ),
    (
        "config.parts",
        "config.paste.logging",
        "config.paste.sections",
    ),
    ("config.document",),
    (
        "config.paste.document",
        "config.table.document",
    ),
    ("config.__init__",),
    ("config.words",),
    ("config.contents",),
    ("config.paste.compatibility",),
    ("config.export",),
    # what judges the layers of anybody
    (
        "testing.record",
        "testing.request",
        "testing.rules.rule",
    ),
    (
        "testing.probe",
        "testing.rules.*",
        "testing.hostile.case",
    ),
    (
        "testing.rules.middleware",
        "testing.rules.response",
        "testing.hostile.*",
    ),
    (
        "testing.rules.__init__",
        "testing.hostile.__init__",
    ),
    (
        "testing.server",
        "testing.lint",
    ),
    ("testing.trial",),
    (
        "testing.modes",
        "testing.scenarios",
    ),
    ("testing.judge",),
    (
        "testing.report",
        "testing.plugin",
    ),
    ("testing.__init__",),
    # what people run
    ("serving.serve",),
    ("serving.reload",),
    (
        "cli.content",
        "cli.excerpt",
        "cli.terminal",
    ),
    ("cli.parser",),
    (
        "cli.arguments",
        "cli.building",
        "cli.reporting",
    ),
    (
        "cli.target",
        "cli.development",
        "cli.completing",
    ),
    (
        "cli.checking",
        "cli.comparing",
        "cli.conforming",
        "cli.listing",
        "cli.tree",
        "cli.initializing",
        "cli.passwords",
    ),
    (
        "cli.application",
        "cli.server",
    ),
    (
        "cli.serving",
        "cli.showing",
        "cli.tracing",
    ),
    (
        "cli.auditing",
        "cli.explaining",
        "cli.replaying",
    ),
    ("cli.__init__",),
    ("__main__",),
)
STANDARD_LIBRARY_ONLY_BUT = {
    "http.negotiation": {"webob"},
    "testing.plugin": {"pytest"},
    "serving.serve": {"waitress"},
    "middleware.catch_errors.debug.highlighting": {"pygments"},
    "cli.completing": {"argcomplete"},
    "middleware.auth.jwks": {"cryptography"},
    "logging.carrying": {"celery"},
    "logging.formatting": {"pythonjsonlogger"},
    "logging.jobs": {"rq"},
}
SEEN_BY_TESTING = {"types", "errors", "http.headers", "environ"}
COMPOSING = ("options", "conditions", "pipeline", "config")


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts)


FILES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}
MODULES = [name for name in FILES if name != "__init__"]


@cache
def parse(module: str) -> ast.Module:
    return ast.parse(FILES[module].read_text("utf-8"))


def floor(module: str) -> int:
    """The level of a module by its own name, or else by that of its folder."""
    folder, _, stem = module.rpartition(".")
    top = folder.partition(".")[0]
    names = (
        module,
        f"{top}.*.__init__" if stem == "__init__" else "",
        f"{top}.*.*" if "." in folder else "",
        f"{folder}.*",
    )
    return next(level for name in names for level, modules in enumerate(FLOORS) if name in modules)


@cache
def imported(module: str) -> list[str]:
    """The modules that a module imports, wherever in it; of this package without the package's name."""
    found = []
    for node in ast.walk(parse(module)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            name = node.module or ""
            parts = [f"{name}.{alias.name}" for alias in node.names]
            found += [part if part.removeprefix("wsgistack.") in FILES else name for part in parts]
    return found


def own(module: str) -> set[str]:
    names = {name.removeprefix("wsgistack.") for name in imported(module) if name.startswith("wsgistack")}
    return {f"{name}.__init__" if f"{name}.__init__" in FILES else name for name in names}


def test_imports_go_down_only() -> None:
    for module in MODULES:
        foreign = {
            name
            for name in own(module)
            if package_of_layer(name) != package_of_layer(module) or not package_of_layer(name)
        }
        assert {name for name in foreign if floor(name) >= floor(module)} == set(), module


def test_no_imports_go_in_circles() -> None:
    assert [*TopologicalSorter({module: own(module) for module in MODULES}).static_order()]


def package_of_layer(module: str) -> str:
    """The package of a layer that a module belongs to. Its modules may import each other."""
    names = module.split(".")
    return ".".join(names[:2]) if names[0] == "middleware" and len(names) > 2 else ""


def test_only_the_standard_library_is_imported_but_where_an_answer_is_made() -> None:
    own_or_standard = {"wsgistack", *sys.stdlib_module_names}
    foreign = {module: {name.partition(".")[0] for name in imported(module)} - own_or_standard for module in MODULES}
    assert {module: names for module, names in foreign.items() if names} == STANDARD_LIBRARY_ONLY_BUT


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("testing.")])
def test_the_kit_imports_the_lowest_floors_only(module: str) -> None:
    assert {name for name in own(module) if not name.startswith("testing.")} <= SEEN_BY_TESTING


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith(COMPOSING)])
def test_a_module_that_composes_layers_knows_none_by_name(module: str) -> None:
    texts = {node.value for node in ast.walk(parse(module)) if isinstance(node, ast.Constant)}
    assert not texts & (set(registry.names()) - {"https"})  # https is also the scheme of a URL
    assert not {name for name in own(module) if name.startswith("middleware")}


def test_a_file_has_one_idea() -> None:
    assert [path for path in FILES.values() if len(path.read_text("utf-8").splitlines()) > 400] == []


def test_each_module_has_a_docstring() -> None:
    assert [name for name in FILES if not ast.get_docstring(parse(name))] == []


def test_no_file_has_a_meaningless_name() -> None:
    names = {path.stem for path in (*PACKAGE.rglob("*.py"), *TESTS.rglob("*.py"))}
    assert not names & {"util", "utils", "helper", "helpers", "common", "misc"}


def test_the_root_holds_ten_files_at_most() -> None:
    assert len([*PACKAGE.glob("*.py")]) <= 10


def test_no_package_holds_one_file() -> None:
    packages = {path.parent for path in PACKAGE.rglob("__init__.py")}
    assert [each.name for each in packages if len(list(each.glob("*.py"))) == 1] == []


def test_the_tests_mirror_the_package() -> None:
    missing = []
    for name in MODULES:
        *folders, stem = name.split(".")
        if stem not in ("__init__", "__main__"):  # __main__ is run by the tests of cli
            path = TESTS.joinpath(*folders, f"test_{stem}.py")
            missing += [] if path.exists() else [path.relative_to(TESTS)]
    assert missing == []


def test_the_metadata_names_the_standard_library_and_webob_alone() -> None:
    required = [each for each in requires("wsgistack") or () if "extra ==" not in each]
    assert [each.partition(">")[0] for each in required] == ["WebOb"]
