"""A home folder with the configuration of OpenStack services, and a process that has read it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import bcrypt
import pytest
from oslo_config import cfg
from oslo_middleware import basic_auth

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def conf(monkeypatch: pytest.MonkeyPatch) -> cfg.ConfigOpts:
    """The configuration of the service in this process, as before it has read a file."""
    own = cfg.ConfigOpts()
    own.register_opts(basic_auth.OPTS, group="oslo_middleware")
    monkeypatch.setattr(cfg, "CONF", own)
    return own


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home folder: oslo.config finds ``~/.nova/nova.conf`` there."""
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def configure(home: Path, conf: cfg.ConfigOpts) -> Callable[[str, str], None]:
    """Write the configuration of a service, and read it as the service does at its start."""

    def configured(project: str, text: str) -> None:
        file = home / f".{project}" / f"{project}.conf"
        file.parent.mkdir()
        file.write_text(text)
        conf([], project=project)

    return configured


@pytest.fixture
def folder(home: Path) -> Path:
    """A folder with copies of the files for PasteDeploy."""
    for file in HERE.glob("*.ini"):
        shutil.copy(file, home)
    return home


@pytest.fixture
def users(tmp_path: Path) -> Path:
    """A file with one user."""
    file = tmp_path / "users"
    file.write_text(f"ada:{bcrypt.hashpw(b'lovelace', bcrypt.gensalt(4)).decode()}\n")
    return file
