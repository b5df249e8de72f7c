"""A page that shows who asks for it, and how."""

import json


def application(environ, start_response):
    seen = {
        "client": environ["REMOTE_ADDR"],
        "scheme": environ["wsgi.url_scheme"],
        "host": environ["HTTP_HOST"],
        "proxy": environ["wsgistack.peer"].get("REMOTE_ADDR", ""),
    }
    start_response("200 OK", [("Content-Type", "application/json")])
    return [f"{json.dumps(seen)}\n".encode()]
