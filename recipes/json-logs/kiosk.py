"""A Flask application whose log is JSON: its own lines and the access log share the id of the request."""

import logging
import logging.config
from concurrent.futures import ThreadPoolExecutor

from flask import Flask, request

from wsgistack import Pipeline, current_request_id
from wsgistack.logging import carry_request_id

logging.config.dictConfig(
    {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "wsgistack.logging.JsonFormatter"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "loggers": {"werkzeug": {"level": "WARNING"}},  # its access log has no request id
        "root": {"handlers": ["stderr"], "level": "INFO"},
    }
)
log = logging.getLogger("kiosk")

app = Flask(__name__)
app.config["PROPAGATE_EXCEPTIONS"] = True  # so that catch_errors answers exceptions

mailing = carry_request_id(ThreadPoolExecutor(2))  # its threads log with the id of the request, too


@app.post("/orders")
def order():
    goods = request.form["goods"]
    log.info("ordered", extra={"goods": goods})
    mailing.submit(confirm, goods)
    return {"order": current_request_id()}, 201


def confirm(goods):
    log.info("confirmed", extra={"goods": goods})


app.wsgi_app = Pipeline(["request_id", {"use": "access_log", "format": "json"}, "catch_errors"]).wrap(app.wsgi_app)
