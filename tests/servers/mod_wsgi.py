"""Apache with mod_wsgi, without the files of the system's own Apache, as any user."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.servers.running import ROOT, Server, find_port, is_refused, running
from tests.waiting import wait_until

MODULES = Path("/usr/lib/apache2/modules")
CONFIGURATION = """
ServerRoot "{folder}"
ServerName localhost
DefaultRuntimeDir "{folder}"
PidFile apache.pid
Mutex pthread default
Listen 127.0.0.1:{port}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule wsgi_module {modules}/mod_wsgi.so
StartServers 1
MaxRequestWorkers 25
ServerLimit 1
EnableSendfile On
KeepAliveTimeout 200ms
ErrorLog output
ErrorLogFormat %M
LogFormat "%{{X-Request-ID}}o %>s %B" short
CustomLog apache.log short
WSGIPassAuthorization On
WSGIRestrictEmbedded Off
WSGISocketPrefix wsgi
WSGIApplicationGroup %{{GLOBAL}}
WSGIScriptAlias / "{folder}/site.wsgi"
<Directory "{folder}">
    Require all granted
</Directory>
"""
WAYS = {
    "mod_wsgi": """
WSGIPythonPath "{path}"
""",
    "mod_wsgi with a daemon": """
WSGIDaemonProcess site home="{folder}" threads=16 python-path="{path}"
WSGIProcessGroup site
""",
}
"""Where the application runs: in Apache's own processes, or in another one."""
LOAD = 'from wsgistack import load; application = load("stack.toml")'
AS_NOBODY = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups")
# Apache refuses to run as root. Without its capability, nobody could not enter the folders of root's tests.
WITH_ACCESS = ("--inh-caps=+dac_override", "--ambient-caps=+dac_override")


@contextmanager
def running_apache(folder: Path, program: str, way: str) -> Iterator[Server]:
    """Apache on a free port, with a program that makes ``application``."""
    command = shutil.which("apache2", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if command is None or not (MODULES / "mod_wsgi.so").exists():
        pytest.skip("apache2-bin or libapache2-mod-wsgi-py3 is not installed")
    port = find_port()
    path = ":".join([str(ROOT), *(each for each in sys.path if each.endswith("site-packages"))])
    text = (CONFIGURATION + WAYS[way]).format(folder=folder, port=port, modules=MODULES, path=path)
    (folder / "apache.conf").write_text(text)
    (folder / "site.wsgi").write_text(f"import os\nos.chdir({str(folder)!r})\n{program}\n")
    user = (*AS_NOBODY, *WITH_ACCESS) if os.geteuid() == 0 else ()
    with running(folder, *user, command, "-f", folder / "apache.conf", "-D", "FOREGROUND", port=port) as server:
        wait_until(lambda: server.process.poll() is not None or not is_refused(port))
        assert server.process.poll() is None, server.output()
        yield server
