"""A Flask application whose errors go to Sentry, each once, with the id of the request."""

import sentry_sdk
from flask import Flask

from wsgistack import current_request_id


def add_request_id(event, hint):
    event.setdefault("tags", {})["request_id"] = current_request_id()
    return event


sentry_sdk.init(before_send=add_request_id)  # reads SENTRY_DSN; without it, nothing is sent

app = Flask(__name__)
app.config["PROPAGATE_EXCEPTIONS"] = True  # so that catch_errors answers exceptions


@app.get("/")
def index():
    return "Three tickets are left.\n"


@app.get("/fail")
def fail():
    return {"never": 1 / 0}


@app.get("/stream")
def stream():
    return (f"{1 // left}\n" for left in (1, 0)), {"Content-Type": "text/plain"}
