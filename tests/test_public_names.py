"""The public names: what ``wsgistack`` promises, and that its lazy table and its types agree."""

import ast
import re
import subprocess
import sys
import tomllib
from collections import Counter
from importlib import import_module
from importlib.metadata import distribution
from pathlib import Path

import pytest

import wsgistack
import wsgistack.logging
from wsgistack import environ, testing

PUBLIC = [
    "AccessLog",
    "ApiKeyAuth",
    "Auth",
    "BasicAuth",
    "BearerAuth",
    "BodyLimit",
    "Cascade",
    "CatchErrors",
    "Changes",
    "Compress",
    "ConfigError",
    "Cookies",
    "Cors",
    "Credentials",
    "Csrf",
    "Decompress",
    "Duration",
    "ErrorDocuments",
    "ErrorReport",
    "Etag",
    "Exchange",
    "Forwarded",
    "Gzip",
    "HeldExchange",
    "Hosts",
    "Https",
    "Identity",
    "Maintenance",
    "MeasuredExchange",
    "MethodOverride",
    "Middleware",
    "Mistake",
    "Mount",
    "OrderWarning",
    "Paths",
    "Pipeline",
    "Problem",
    "Refusal",
    "RequestFilter",
    "RequestId",
    "Responses",
    "Scheme",
    "Secret",
    "SecurityHeaders",
    "Size",
    "Spec",
    "Static",
    "Where",
    "WsgistackError",
    "appconfig",
    "call_in_context",
    "current_request_id",
    "editing",
    "error_answer",
    "load",
    "load_filter",
    "load_server",
    "request_id_var",
    "setup_logging",
]
ROOT = Path(__file__).parent.parent
STABILITY = (ROOT / "docs/stability.rst").read_text("utf-8")
MODULES = re.findall(r"^  - ``([\w.]+)``", STABILITY, re.MULTILINE)
IN_MODULES = {
    "wsgistack.errors": ["Breach", "ConfigError", "ContractError", "Mistake", "Mistakes", "Where", "WsgistackError"],
    "wsgistack.http.headers": [
        "content_length",
        "get",
        "is_field_name",
        "replace",
        "tokens",
        "vary",
        "weaken_etag",
        "with_strong_tags",
        "without",
    ],
    "wsgistack.logging": [
        "RequestIdFilter",
        "RequestIdFormatter",
        "add_to_records",
        "carry_request_id",
        "keep_request_id",
    ],
    "wsgistack.types": [
        "App",
        "Changes",
        "Duration",
        "Edit",
        "Environ",
        "ExcInfo",
        "Factory",
        "Headers",
        "Secret",
        "Size",
        "StartResponse",
        "Write",
    ],
}
TESTING = ["Judge", "Lint", "Mode", "Record", "Server", "Verdict", "make_environ"]
SOURCE = ast.parse(Path(wsgistack.__file__).read_text("utf-8"))


def typed_homes() -> dict[str, str]:
    """The module of each name that is imported for type checkers."""
    guarded = next(node for node in SOURCE.body if isinstance(node, ast.If))
    imports = [node for node in guarded.body if isinstance(node, ast.ImportFrom)]
    assert len(imports) == len(guarded.body)
    return {alias.name: str(node.module) for node in imports for alias in node.names if alias.asname == alias.name}


def lazy_homes() -> dict[str, str]:
    return {name: f"wsgistack.{home}" for home, names in wsgistack._HOMES.items() for name in names}


def test_promises_these_names_and_no_others() -> None:
    assert wsgistack.__all__ == sorted(PUBLIC)
    assert dir(wsgistack) == sorted(PUBLIC)


def test_imports_each_name_from_where_type_checkers_see_it() -> None:
    assert lazy_homes() == typed_homes()
    assert sorted(typed_homes()) == sorted(PUBLIC)


@pytest.mark.parametrize("name", PUBLIC)
def test_each_name_is_the_object_of_its_module(name: str) -> None:
    vars(wsgistack).pop(name, None)
    home = import_module(typed_homes()[name])
    assert getattr(wsgistack, name) is getattr(home, name)
    assert name in home.__all__
    assert vars(wsgistack)[name] is getattr(home, name), "the second access does not look it up again"


def test_a_star_imports_all_names() -> None:
    code = f"from wsgistack import *\nassert {set(PUBLIC)!r} <= set(dir())"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


@pytest.mark.parametrize("name", ["gzip", "__version__", "load_app", ""])
def test_knows_no_other_attribute(name: str) -> None:
    with pytest.raises(AttributeError, match=f"^module 'wsgistack' has no attribute '{name}'$"):
        getattr(wsgistack, name)


# the conformance kit, which is public as well


def test_the_kit_promises_these_names_and_no_others() -> None:
    assert testing.__all__ == sorted(TESTING)
    with pytest.raises(AttributeError, match=r"^module 'wsgistack.testing' has no attribute 'server_of'$"):
        testing.server_of  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize("name", TESTING)
def test_each_name_of_the_kit_is_the_object_of_its_module(name: str) -> None:
    found = getattr(testing, name)
    assert name in import_module(found.__module__).__all__


def test_the_kit_needs_pytest_for_its_plugin_alone() -> None:
    code = "import sys\nfrom wsgistack.testing import *\nsys.exit('pytest' in sys.modules)"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_a_star_imports_names_for_logs_without_the_libraries_of_others() -> None:
    code = "import sys\nsys.modules.update(dict.fromkeys(['rq', 'pythonjsonlogger']))\nfrom wsgistack.logging import *"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
    assert {*dir(wsgistack.logging)} - {*wsgistack.logging.__all__} == {"JsonFormatter", "RequestIdJob"}


def test_a_promised_name_means_one_class() -> None:
    """Except in ``oslo``, whose classes have the names of the filters that they replace."""
    files = [file for file in (ROOT / "wsgistack").rglob("*.py") if file.parent.name != "oslo"]
    trees = [ast.parse(file.read_text("utf-8")) for file in files]
    defined = Counter(each.name for tree in trees for each in tree.body if isinstance(each, ast.ClassDef))
    assert {name: defined[name] for name in (*PUBLIC, *TESTING) if defined[name] > 1} == {}


# what docs/stability.rst promises


@pytest.mark.parametrize("name", MODULES)
def test_each_promised_module_lists_its_names(name: str) -> None:
    module = import_module(name)
    assert module.__all__
    assert not [public for public in module.__all__ if public.startswith("_") or not hasattr(module, public)]


def test_the_other_promised_modules_promise_these_names_and_no_others() -> None:
    assert {*IN_MODULES, "wsgistack", "wsgistack.testing"} == {*MODULES}
    for name, promised in IN_MODULES.items():
        module = import_module(name)
        found = {each: getattr(module, each) for each in module.__all__}
        assert sorted(each for each in found if name != "wsgistack.errors" or isinstance(found[each], type)) == promised


def test_documents_import_from_promised_modules_alone() -> None:
    documents = [ROOT / "README.rst", *(each for end in ("rst", "py") for each in ROOT.glob(f"docs/**/*.{end}"))]
    documents += ROOT.glob("recipes/**/*.py")
    found = {
        name
        for document in documents
        if "_extensions" not in document.parts
        for name in re.findall(r"^ *(?:from|import) (wsgistack[\w.]*)", document.read_text("utf-8"), re.MULTILINE)
    }
    assert {"wsgistack", "wsgistack.testing"} < found <= {*MODULES}


def test_other_distributions_register_promised_names_alone() -> None:
    named = {
        name
        for file in ROOT.glob("recipes/*/pyproject.toml")
        for group in tomllib.loads(file.read_text("utf-8"))["project"]["entry-points"].values()
        for name in group.values()
        if name.startswith("wsgistack")
    }
    assert {f"{name.partition(':')[0]}:NAME" for name in named} == {"wsgistack.config.protocols:NAME"}
    assert "``wsgistack.config.protocols:NAME``" in STABILITY


def test_excepts_names_that_classes_have() -> None:
    excepted = re.findall(r"Of an? ``(\w+)``,(.*?)[.;]\s", STABILITY, re.DOTALL)
    assert [name for name, _ in excepted] == ["Exchange", "Pipeline", "Spec"]
    for name, text in excepted:
        found = getattr(wsgistack, name)
        named = {*re.findall("``(.*?)``", text)}
        assert named <= {*dir(found), *found.__annotations__}


def test_promises_the_keys_of_the_environ() -> None:
    (item,) = re.findall(r"\*\*Keys of the environ:\*\*(.*?)\n- ", STABILITY, re.DOTALL)
    constants = {value for name, value in vars(environ).items() if name.isupper() and name in environ.__all__}
    code = "".join(each.read_text("utf-8") for each in (ROOT / "wsgistack").rglob("*.py"))
    documented = {*re.findall(r'``environ\["(wsgistack\.\w+)"\]``', code)}
    ours = {value for value in constants if isinstance(value, str)} | documented
    assert {*re.findall("``(.*?)``", item)} == ours


def test_promises_the_groups_of_its_entry_points() -> None:
    groups = {each.group for each in distribution("wsgistack").entry_points} - {"console_scripts", "pytest11"}
    (item,) = re.findall(r"The entry points in the\s+groups (.*?);", STABILITY, re.DOTALL)
    assert {*re.findall("``(.*?)``", item)} == groups
