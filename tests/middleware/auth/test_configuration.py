"""What the commands say about files with these layers: where a mistake is, and no secret."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from wsgistack.cli import main

DIGEST = "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d"  # of b
SECRET = "hidden-0123456789abcdef-0123456789abcdef"
TOML = f"""
app = "wsgiref.simple_server:demo_app"

[[layers]]
use = "auth"
public = ["/health"]

[layers.api_key.keys]
ci = "{DIGEST} read"

[layers.bearer.jwt]
algorithms = ["HS256"]
secret = "SECRET"

[layers.throttle]
store = "memory://"

[[layers.rules]]
under = ["/admin"]
groups = ["staff"]
"""
INI = f"""
[pipeline:main]
pipeline = auth demo

[app:demo]
use = wsgiref.simple_server:demo_app

[filter:auth]
use = egg:wsgistack#auth
api_key = keys = {{ci = "{DIGEST}"}}
bearer = jwt = {{algorithms = ["HS256"], secret = "SECRET"}}
"""
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SHARED", SECRET)
    monkeypatch.setenv("SHORT", "hidden")

    def run_command(*arguments: str, **files: str) -> tuple[int, str]:
        for name, text in files.items():
            (tmp_path / name.replace("_", ".")).write_text(text)
        capsys.readouterr()
        code = main([*arguments])
        return code, "".join(capsys.readouterr())

    return run_command


@pytest.mark.parametrize("secret", [SECRET, "${env:SHARED}"], ids=["written", "by reference"])
@pytest.mark.parametrize(("name", "text"), [("stack.toml", TOML), ("stack.ini", INI)], ids=["toml", "ini"])
def test_no_command_shows_a_secret(name: str, text: str, secret: str, run: Run) -> None:
    file = {name.replace(".", "_"): text.replace("SECRET", secret)}
    other = {name.replace(".", "2_"): text.replace("SECRET", f"x{secret}")}
    second = name.replace(".", "2.")
    for arguments in (
        ["check", "--strict", name],
        ["show", name],
        ["show", "--format", "json", name],
        ["diff", name, second],
        ["audit", name],
        ["explain", name, "GET /admin"],
        ["explain", name, "GET /", "--header", "Authorization: Bearer hidden-token"],
    ):
        code, output = run(*arguments, **file, **other)
        assert code == (1 if arguments[0] == "diff" else 0), output
        assert SECRET not in output
        assert "hidden" not in output.replace("hidden-token", ""), arguments


def test_a_public_path_is_no_way_around_a_guard(run: Run) -> None:
    code, output = run("audit", "stack.toml", "--path", "/admin", stack_toml=TOML.replace("SECRET", SECRET))
    assert (code, output.partition(":")[2].strip()) == (0, "0 answered without a guard")


@pytest.mark.parametrize(
    ("wrong", "right", "said"),
    [
        (
            'use = "auth"\nrealms = "x"\n',
            'use = "auth"\n',
            ["stack.toml:6: layer 1 (auth) realms: unknown option of Auth", "did you mean 'realm'?"],
        ),
        (
            'ci = "hidden"',
            f'ci = "{DIGEST} read"',
            ["stack.toml:9: layer 1 (auth) api_key.keys: the token of 'ci' is not stored as a digest", "sha256sum"],
        ),
        (
            'secret = "hidden"',
            'secret = "SECRET"',
            ["stack.toml:13: layer 1 (auth) bearer.jwt.secret: the secret is too short", "expected at least 32 bytes"],
        ),
        (
            'secret = "${env:SHORT}"',
            'secret = "SECRET"',
            ["stack.toml:13: layer 1 (auth) bearer.jwt.secret: invalid secret value", "expected at least 32 bytes"],
        ),
        ('secrets = "hidden"', 'secret = "SECRET"', ["layer 1 (auth) bearer: ", "expected only the names algorithms"]),
        ('algorithms = ["HS265"]', 'algorithms = ["HS256"]', ["bearer.jwt.algorithms: ", "expected some of HS256"]),
        ('store = "redsi://:hidden@localhost"', 'store = "memory://"', ["(auth) throttle.store: can't be opened"]),
        ("unders = ", "under = ", ["(auth) rules: ", "did you mean 'under'?"]),
        ('groups = "staff"', 'groups = ["staff"]', ["expected a list, each item text for 'groups' in item 1"]),
        ('group = ["staff"]', 'groups = ["staff"]', ["(auth) rules: ", "did you mean 'groups'?"]),
    ],
)
def test_says_where_a_mistake_is(wrong: str, right: str, said: list[str], run: Run) -> None:
    assert right in TOML
    code, output = run("check", "stack.toml", stack_toml=TOML.replace(right, wrong).replace("SECRET", SECRET))
    assert code == (1 if said else 0), output
    assert [each for each in said if each not in " ".join(output.split())] == []
    assert "hidden" not in output


@pytest.mark.parametrize("layer", ["auth", "basic_auth", "bearer_auth", "api_key"])
def test_the_list_explains_each_option(layer: str, run: Run) -> None:
    def find_silent(options: list[dict[str, Any]]) -> Iterator[str]:
        for option in options:
            if not option["doc"]:
                yield option["name"]
            yield from find_silent(option["options"])

    code, output = run("list", layer, "--format", "json")
    assert (code, [*find_silent(json.loads(output)["layers"][0]["options"])]) == (0, [])


def test_says_which_item_of_a_mapping_or_rule_is_wrong(run: Run) -> None:
    more = """
[[layers.rules]]
under = ["/x"]

[layers.basic.users]
ada = "hidden"
bob = "$2y$hidden"
"""
    code, output = run("check", "stack.toml", stack_toml=TOML.replace("SECRET", SECRET) + more)
    assert code == 1
    assert "stack.toml:22: layer 1 (auth) rules: rule 2 does not say who is allowed" in output
    assert "stack.toml:27: layer 1 (auth) basic.users: the password of user 'bob' is a damaged hash" in output
    assert "hidden" not in output


def test_names_a_file_that_is_beside_secrets(run: Run) -> None:
    basic = '\n[layers.basic]\nhtpasswd = "gone.htpasswd"\n'
    code, output = run("check", "stack.toml", stack_toml=TOML.replace("SECRET", SECRET) + basic)
    assert code == 1
    assert "gone.htpasswd' can't be read: No such file or directory" in output
    assert "expected an htpasswd file" in output
    assert "hidden" not in output


def test_says_how_an_ini_file_has_rules(run: Run) -> None:
    text = INI.replace("SECRET", SECRET)
    code, output = run("check", "stack.ini", stack_ini=f"{text}rules = under = /admin\n")
    assert code == 1
    assert 'hint: write it as TOML, such as [{a = "b"}]' in output
    assert run("check", "stack.ini", stack_ini=f'{text}rules = [{{under = ["/admin"], users = ["ada"]}}]\n')[0] == 0
