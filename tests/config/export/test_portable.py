"""Contents that any file can hold: import strings for objects, references for secrets."""

from pathlib import Path
from typing import Any

import pytest

from tests.config.export.layers import MODULE, condition
from tests.config.export.rereading import holding, table
from tests.config.factories import greet, marking
from tests.config.written import write
from wsgistack import ConfigError, Gzip
from wsgistack.config.contents import contents
from wsgistack.config.document import open_document
from wsgistack.config.export.portable import edited, portable

EVERYTHING = f"{MODULE}:everything"
FACTORIES = "tests.config.factories"


def test_gives_objects_their_names(folder: Path) -> None:
    when = {"path": "/x", "not": {"call": condition}}
    app = {"use": f"call:{FACTORIES}:make_app", "other": [greet]}
    losses: list[str] = []
    made = portable(
        contents(table({"app": app, "layers": [Gzip, {"use": marking, "mark": "m", "when": when}]})),
        losses,
        is_ini=True,
    )
    stack = made.applications["main"]
    assert [(spec.use, spec.name) for spec in stack.pipeline] == [
        ("wsgistack.middleware.compress:Gzip", "Gzip"),
        (f"{FACTORIES}:marking", "marking"),
    ]
    assert stack.pipeline.specs[1].when == {"path": ("/x",), "not": f"{MODULE}:condition"}
    assert stack.application is not None
    assert stack.application.options == {"other": [f"{FACTORIES}:greet"]}
    assert losses == []


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param({"layers": [{"use": lambda app: app, "name": "x"}]}, "layer 1 (x) use: <", id="layer"),
        pytest.param(
            {"layers": [{"use": "gzip", "when": lambda environ: 1}]}, "layer 1 (gzip) when: <", id="condition"
        ),
        pytest.param({"app": lambda environ, start_response: []}, "app: <lambda> can't be written", id="application"),
    ],
)
def test_says_which_object_has_no_name(content: dict[str, Any], problem: str, folder: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        portable(contents(table({"app": greet, **content})), [], is_ini=True)
    assert problem in str(caught.value)


def test_puts_references_in_the_place_of_secrets(folder: Path) -> None:
    secret, other = "hidden one", "hidden two"
    layers = [
        {"use": EVERYTHING, "name": "a b", "key": secret, "text": "told"},
        {"use": EVERYTHING, "name": "a_b", "key": other},
        {"use": EVERYTHING, "name": "a-b", "key": secret},
        {"use": EVERYTHING, "name": "1é", "key": other},
        {"use": EVERYTHING, "name": "x", "key": "${env:X}"},
        {"use": "basic_auth", "users": None},
        {"use": "basic_auth", "users": {"a": "${env:A}", "b": secret}},
    ]
    losses: list[str] = []
    specs = portable(holding(*layers), losses, is_ini=True).applications["main"].pipeline.specs
    assert [spec.options.get("key") for spec in specs] == [
        "${env:A_B_KEY}", "${env:A_B_KEY_2}", "${env:A_B_KEY}", "${env:_1__KEY}", "${env:X}", None, None
    ]  # fmt: skip
    assert specs[0].options["text"] == "told"
    assert [spec.options["users"] for spec in specs[5:]] == [None, "${env:BASIC_AUTH_USERS}"]
    assert losses[-1].startswith("basic_auth users: a secret is not written")
    assert losses[:-1] == [
        f"{name} key: a secret is not written; put it into the environment as {variable}"
        for name, variable in zip(
            ["a b", "a_b", "a-b", "1é"], ["A_B_KEY", "A_B_KEY_2", "A_B_KEY", "_1__KEY"], strict=True
        )
    ]


def test_edits_each_layer_and_keeps_the_rest(folder: Path) -> None:
    found = holding("gzip", "lint", servers={"main": {"use": "egg:wsgistack"}})
    made = edited(found, lambda spec: spec)
    assert made == found


OTHER = "[composite:made]\nuse = egg:wsgistack#mount\n/ = x\n[app:x]\nuse = json:dumps\n"
MOUNT = "[composite:main]\nuse = egg:wsgistack#mount\n/ = config:other.ini#x\n"


def test_takes_no_applications_of_another_file(folder: Path) -> None:
    write(OTHER, "other.ini")
    write(f"{MOUNT}[app:far]\nuse = config:other.ini#made\n[app:fine]\nuse = config:other.ini#x\n")
    for is_ini, problems in (
        (True, []),
        (False, ["stack.ini:3: [composite:main] /: another file can be used in an ini file alone"]),
    ):
        with pytest.raises(ConfigError) as caught:
            portable(contents(open_document("stack.ini")), [], is_ini=is_ini)
        assert [str(each) for each in caught.value.mistakes] == [
            *problems,
            "other.ini:2: [composite:made] use: is made of applications of another file, which are not written",
        ]


def test_puts_references_in_the_place_of_secrets_of_applications_and_servers(folder: Path) -> None:
    secret = {"use": f"call:{FACTORIES}:make_secret", "key": "hidden"}
    losses: list[str] = []
    found = portable(contents(table({"app": secret, "servers": {"main": secret}})), losses, is_ini=True)
    for part in (found.applications["main"].application, found.servers["main"]):
        assert part is not None
        assert part.options == {"key": "${env:KEY}"}
    assert losses == [f"{secret['use']} key: a secret is not written; put it into the environment as KEY"] * 2
