"""PasteDeploy's dialect: what sections mean."""

from pathlib import Path

import pytest
from webtest import TestApp as Browser

from tests.config.written import GREET, MADE, MARK, MODULE, find_mistakes, greeting, read, read_answer, write
from tests.strangers import install
from wsgistack import ConfigError, Gzip, Pipeline, Spec, load
from wsgistack.config.parts import Application


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(f"[app:main]\nuse = {MODULE}:greet\n", "hello", id="import string"),
        pytest.param(f"[application:main]\nuse=greet\n{GREET}", "hello", id="a section"),
        pytest.param(f"[pipeline:main]\npipeline = greet\n{GREET}", "hello", id="pipeline without filters"),
        pytest.param(f"[pipeline:main]\npipeline = {MODULE}:greet\n", "hello", id="import string in a pipeline"),
        pytest.param(
            f"[pipeline:main]\npipeline = mark\n  two\n[pipeline:two]\npipeline: mark greet\n{GREET}{MARK}mark = m\n",
            "hello m m",
            id="pipeline in a pipeline",
        ),
        pytest.param(f"[app: main ]\nuse = {MODULE}:greet\n", "hello", id="spaces around the name"),
        pytest.param(f"[app:main]\nuse = a:b\n[app:a:b]\nuse = {MODULE}:greet\n", "hello", id="colon in the name"),
        pytest.param(f"\ufeff[app:main]\r\nuse = {MODULE}:greet\r\n", "hello", id="byte order mark and CRLF"),
        pytest.param(f"  [app:main]\n  use =\n    {MODULE}:greet\n", "hello", id="indented"),
        pytest.param(
            f"[pipeline:main]\npipeline = double greet\n{GREET}{MARK}mark = m\n[filter:double]\nuse=mark\ntimes=2\n",
            "hello m m",
            id="filter that uses a filter",
        ),
        pytest.param(
            f"[pipeline:main]\npipeline = other greet\n{GREET}{MARK}mark = m\n[filter:other]\nuse=mark\nmark=100%\n",
            "hello 100%",
            id="option that is set again",
        ),
        pytest.param(
            f"[pipeline:main]\npipeline = f greet\n{GREET}[filter:f]\nuse = call:{MODULE}:make_filter\nmark = f\n",
            "hello -:f",
            id="filter factory",
        ),
        pytest.param(
            f"[pipeline:main]\npipeline = f greet\n{GREET}[filter:f]\nuse = call:{MODULE}:undeclared\nmark = f\n",
            "hello -:f",
            id="filter factory that declares nothing",
        ),
    ],
)
def test_builds_an_application(text: str, expected: str, folder: Path) -> None:
    write(text)
    assert greeting() == expected


def test_finds_the_application_of_a_name(folder: Path) -> None:
    write(GREET + MADE)
    assert greeting(name="greet") == "hello"
    with pytest.raises(ConfigError, match=r"stack.ini: unknown application or pipeline 'gret'; did you mean 'greet'\?"):
        load("stack.ini", "gret")


def test_reads_layers_by_name_and_by_section(folder: Path) -> None:
    write(f"[pipeline:main]\npipeline = request-id gzip egg:wsgistack#gzip greet\n[filter:gzip]\nlevel = 9\n{GREET}")
    stack = read()
    assert stack.pipeline == Pipeline(["request-id", Spec("gzip", {"level": 9}), "gzip"])
    assert stack.application == Application(
        f"{MODULE}:greet", {}, {"here": str(folder), "__file__": f"{folder}/stack.ini"}
    )
    assert isinstance(stack.pipeline.specs[1].build(stack.build()), Gzip)


def test_a_hyphen_equals_an_underscore(folder: Path) -> None:
    write(f"[pipeline:main]\npipeline = request-id a_b {MODULE}:greet\n[filter:request_id]\ntrust=no\n{MARK}mark = m\n")
    write(Path("stack.ini").read_text().replace("filter:mark", "filter:a-b"))
    specs = read().pipeline.specs
    assert [dict(spec.options) for spec in specs] == [{"trust": False}, {"mark": "m"}]


def test_uses_middlewares_of_other_projects(folder: Path) -> None:
    (folder / "static").mkdir()
    (folder / "static/style.css").write_text("p {}")
    write(
        f"[pipeline:main]\npipeline = proxy static {MODULE}:greet\n"
        "[filter:proxy]\nuse = werkzeug.middleware.proxy_fix:ProxyFix\nx_for = 0\nx_host = 1\n"
        "[filter:static]\nuse = whitenoise:WhiteNoise\nroot = %(here)s/static\nmax_age = none\nindex_file = true\n"
    )
    browser = Browser(load("stack.ini"))
    assert browser.get("/style.css").headers.get("Cache-Control") is None
    assert browser.get("/style.css").text == "p {}"
    assert browser.get("/", headers={"X-Forwarded-Host": "evil, real"}).request.environ["HTTP_HOST"] == "real"


def test_global_configuration_reaches_factories(folder: Path) -> None:
    write(f"[DEFAULT]\nsite = %(here)s/%(name)s\nname = x\n{MADE}name = own\ndir = %(site)s\nshare = 5%%\nrest = 10%\n")
    answer = read_answer()
    assert answer["global"] == {
        "here": str(folder),
        "__file__": str(folder / "stack.ini"),
        "site": f"{folder}/x",
        "name": "x",
    }
    # a setting of its own stays, though its key has a default, and a default that refers to it sees it
    assert answer["options"] == {"name": "own", "dir": f"{folder}/own", "share": "5%", "rest": "10%"}


def test_a_folder_may_have_percent_signs_in_its_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = folder / "50%%off %(x)s"
    odd.mkdir()
    write(f"{MADE}dir = %(here)s\n", f"{odd}/stack.ini")
    write(f"[app:main]\nuse = config:{odd.name}/stack.ini\n".replace("%", "%%"))
    for answer in (read_answer(file=f"{odd}/stack.ini"), read_answer()):
        assert answer["options"] == {"dir": str(odd)}


def test_here_is_a_plain_path(folder: Path) -> None:
    (folder / "sub").mkdir()
    write(MADE)
    assert read_answer(file="sub/../stack.ini")["global"] == {
        "here": str(folder),
        "__file__": str(folder / "stack.ini"),
    }


def test_uses_applications_and_filters_of_another_file(folder: Path) -> None:
    (folder / "sub").mkdir()
    write(
        f"[DEFAULT]\nsite = inner\nonly = there\n{MADE}\nb = 2\nc = %(site)s\n"
        f"[filter:filed]\nuse = {MODULE}:filed\nfile = a\n",
        "sub/base.ini",
    )
    write(
        "[DEFAULT]\nsite = outer\n[pipeline:main]\npipeline = filed config:sub/base.ini#filed app\n"
        "[app:app]\nuse = config:sub/base.ini\nb = 3\n"
        "[filter:filed]\nuse = config:sub/base.ini#filed\nother = a\n"
    )
    answer = read_answer()
    assert answer["options"] == {"b": "3", "c": "inner"}
    assert (answer["global"]["site"], answer["global"]["only"]) == ("outer", "there")
    # each path is relative to the file that it is written in
    assert answer["marks"] == [f"{folder}/sub/a {folder}/a", f"{folder}/sub/a None"]


def test_uses_eggs_of_other_projects(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    points = (
        f"[paste.app_factory]\nmain = {MODULE}:make_app\nbroken = qqqqq:make\n"
        f"[paste.filter_factory]\nwide = {MODULE}:make_filter\nlost = {MODULE}:gone\n"
        f"[paste.filter_app_factory]\nnarrow = {MODULE}:filter_app\n"
        f"[wsgistack.middleware]\nown-mark = {MODULE}:marking\n"
    )
    install(folder, monkeypatch, "acme-eggs", points)
    write(
        "[DEFAULT]\nsite = s\n[pipeline:main]\npipeline = wide narrow own app\n"
        "[app:app]\nuse = egg:acme-eggs\nlevel = 5\n[filter:wide]\nuse = egg:acme-eggs#wide\nmark = w\n"
        "[filter:narrow]\nuse = egg:acme_eggs#narrow\nmark = n\n[filter:own]\nuse = egg:acme-eggs#own-mark\nmark = o\n"
    )
    assert read_answer()["marks"] == ["s:w", "s:n", "o"]
    assert read_answer()["options"] == {"level": "5"}


def test_ignores_other_sections(folder: Path) -> None:
    write("[uwsgi]\nsocket = %(x)s\n[service:x]\nuse = %(nothing)s\n[alembic]\nscript_location = %(nothing)s\n" + GREET)
    assert find_mistakes(name="greet") == []
