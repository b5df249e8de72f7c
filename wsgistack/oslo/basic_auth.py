"""The layer basic_auth, with the option names and the headers of oslo.middleware."""

from collections.abc import Iterable
from pathlib import Path

from wsgistack.middleware.auth.basic import BasicAuth
from wsgistack.oslo.options import OsloLayer, Service, rename_keys
from wsgistack.types import App, Environ, StartResponse

__all__ = ["BasicAuthMiddleware"]


class BasicAuthMiddleware(OsloLayer, BasicAuth):
    """Let in only users with the right password.

    Needs the extra ``htpasswd``. ::

        [filter:basic_auth]
        use = egg:wsgistack#oslo_basic_auth
        http_basic_auth_user_file = /etc/nova/htpasswd

    The application finds the user in the request headers ``X-User`` and ``X-User-Name``, and no ``Authorization``. A
    refused request gets a challenge, without which a browser would not ask for the password.

    :param http_basic_auth_user_file: a file in the format of Apache's htpasswd. By default what the service's
        configuration says in ``[oslo_middleware]``, or else ``/etc/htpasswd``. oslo.middleware reads this option from
        the service's configuration only.
    :param oslo_config_project: the service whose files oslo.config reads. By default the one in this process.
    :param oslo_config_file: a file in the place of those of the service.
    :param oslo_config_program: the name of the program, which has files of its own.
    :raises ConfigError: the file can't be read, or has a line that is not valid.
    """

    def __init__(
        self,
        app: App,
        /,
        *,
        http_basic_auth_user_file: Path | None = None,
        oslo_config_project: str = "",
        oslo_config_file: Path | None = None,
        oslo_config_program: str = "",
    ) -> None:
        service = Service(oslo_config_project, oslo_config_file, oslo_config_program)
        given = {"http_basic_auth_user_file": http_basic_auth_user_file}
        values = service.complete("oslo_middleware", given, {"http_basic_auth_user_file": "/etc/htpasswd"})
        with rename_keys(htpasswd="http_basic_auth_user_file"):
            super().__init__(_identify(app), htpasswd=Path(values["http_basic_auth_user_file"]))


def _identify(app: App) -> App:
    def identify(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        environ.pop("HTTP_AUTHORIZATION", None)
        environ["HTTP_X_USER"] = environ["HTTP_X_USER_NAME"] = environ["REMOTE_USER"]
        return app(environ, start_response)

    return identify
