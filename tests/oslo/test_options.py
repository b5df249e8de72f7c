"""Where the values of options come from: the section for PasteDeploy, the files of a service, the defaults."""

import sys
from pathlib import Path
from typing import Any

import pytest
from oslo_config import cfg

from tests.direct import answering
from wsgistack import ConfigError
from wsgistack.oslo import CORS, RequestBodySizeLimiter
from wsgistack.oslo.options import Service, rename_keys

APP = answering([b""])
DEFAULTS = {"flag": True, "number": 1, "word": "a", "words": ("a",)}
NOTHING: dict[str, Any] = dict.fromkeys(DEFAULTS)
FILE = "[group]\nflag = no\nnumber = 2\nwords = b, c\n"
READ = {"flag": False, "number": 2, "word": "a", "words": ("b", "c")}


def write(folder: Path, project: str, text: str, name: str = "") -> Path:
    file = folder / f".{project}" / f"{name or project}.conf"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    return file


def test_given_values_come_first_then_files_then_defaults(home: Path) -> None:
    write(home, "nova", FILE)
    service = Service("nova")
    assert service.complete("group", NOTHING, DEFAULTS) == READ
    assert service.complete("group", {**NOTHING, "number": 3, "words": ()}, DEFAULTS) == READ | {
        "number": 3,
        "words": (),
    }
    assert service.complete("other", NOTHING, DEFAULTS) == DEFAULTS


def test_reads_the_file_of_a_program_or_another_file(home: Path) -> None:
    write(home, "nova", "[group]\nnumber = 2\n")
    write(home, "nova", "[group]\nnumber = 3\n", "nova-api")
    other = write(home, "nova", "[group]\nnumber = 4\n", "other")
    found = [
        Service("nova", file, program).complete("group", NOTHING, DEFAULTS)["number"]
        for file, program in ((None, ""), (None, "nova-api"), (other, ""))
    ]
    assert found == [2, 3, 4]


def test_the_service_of_this_process_is_the_default(home: Path, conf: cfg.ConfigOpts) -> None:
    assert Service().complete("group", NOTHING, DEFAULTS) == DEFAULTS, "it has not read its files"
    write(home, "nova", FILE)
    conf([], project="nova")
    assert Service().complete("group", NOTHING, DEFAULTS) == READ
    assert "group" not in conf, "the options of the service are left alone"
    conf.register_opts([cfg.IntOpt("number", default=5, help="registered by the service")], group="group")
    conf.set_override("number", 6, group="group")
    assert Service().complete("group", NOTHING, DEFAULTS) == READ | {"number": 6}


def test_a_list_may_be_nothing(conf: cfg.ConfigOpts) -> None:
    conf.register_opts([cfg.ListOpt("words")], group="group")
    assert Service().complete("group", NOTHING, DEFAULTS)["words"] == ()


def test_works_without_oslo_config(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "oslo_config.cfg")
    assert Service().complete("group", NOTHING, DEFAULTS) == DEFAULTS
    monkeypatch.setitem(sys.modules, "oslo_config.cfg", None)
    assert Service("nova").complete("group", READ, DEFAULTS) == READ
    with pytest.raises(ConfigError, match=r"oslo_config_project: needs the library oslo_config.cfg.*wsgistack\[oslo\]"):
        Service("nova").complete("group", NOTHING, DEFAULTS)


def test_says_what_is_wrong_in_the_files_of_the_service(home: Path, conf: cfg.ConfigOpts) -> None:
    write(home, "nova", "[group]\nnumber = many\n")
    with pytest.raises(ConfigError, match=r"oslo_config_project: can't read \[group\] with oslo.config: .*number"):
        Service("nova").complete("group", NOTHING, DEFAULTS)
    with pytest.raises(ConfigError, match=r"oslo_config_project: can't read \[group\] .*absent"):
        Service("nova", home / "absent").complete("group", NOTHING, DEFAULTS)
    conf([], project="nova")
    with pytest.raises(ConfigError, match=r"^can't read \[group\] with oslo.config: .*number"):
        Service().complete("group", NOTHING, DEFAULTS)


def test_mistakes_have_the_names_of_oslo_middleware() -> None:
    with pytest.raises(ConfigError, match=r"^max_request_body_size: invalid value -1"):
        RequestBodySizeLimiter(APP, max_request_body_size=-1)
    with pytest.raises(ConfigError, match=r"^allowed_origin: .*x.*"):
        CORS(APP, allowed_origin=["x"])
    with rename_keys(a="b"):
        pass


@pytest.mark.parametrize("conf", [{}, {"max_request_body_size": "3", "here": "/", "unrelated": "x"}, None])
def test_options_may_be_in_the_global_configuration(conf: Any) -> None:
    built: Any = RequestBodySizeLimiter.factory(conf)(APP)
    assert built.max_size == (3 if conf else 114688)
    built = RequestBodySizeLimiter.factory(conf, max_request_body_size="4")(APP)
    assert built.max_size == 4


def test_an_unknown_option_is_a_mistake() -> None:
    with pytest.raises(ConfigError) as caught:
        RequestBodySizeLimiter.factory({"__file__": "/etc/x.ini"}, max_request_body_sise="3")
    problem = "unknown option of RequestBodySizeLimiter; did you mean 'max_request_body_size'?"
    assert str(caught.value) == f"/etc/x.ini: RequestBodySizeLimiter max_request_body_sise: {problem}"
