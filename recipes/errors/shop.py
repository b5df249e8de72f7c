"""A shop with pages for people and an API in JSON, whose errors all come from one place."""

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from wsgistack import error_answer

app = Flask(__name__)
app.config["PROPAGATE_EXCEPTIONS"] = True  # so that catch_errors answers exceptions

STOCK = {"tea": 7, "cake": 0}


class UnknownItemError(Exception):
    pass


class SoldOutError(Exception):
    pass


def take(name):
    if name not in STOCK:
        raise UnknownItemError(name)
    if not STOCK[name]:
        raise SoldOutError(name)
    return {"item": name, "left": STOCK[name]}


@app.errorhandler(HTTPException)
def answer(error):
    """Make what Flask answers by itself look like all other errors."""
    if error.code is None or error.code < 400:
        return error  # a redirect, or a response of its own
    kept = [header for header in error.get_headers() if header[0] in ("Allow", "Retry-After", "WWW-Authenticate")]
    status, headers, body = error_answer(request.environ, error.code, error.description, headers=kept)
    return Response(body, status, headers)


@app.get("/items/<name>")
def show(name):
    return f"<!DOCTYPE html><title>{name}</title><p>{take(name)['left']} left"


@app.get("/api/items/<name>")
def tell(name):
    return jsonify(take(name))


@app.get("/api/broken")
@app.get("/broken")
def fail():
    return {"never": 1 / 0}


@app.get("/old")
def old():
    return Response(status=410)  # without a body: the layer error_documents sends pages/410.html


def describe(environ, problem):
    """Add to the JSON of every error: a type that programs can compare, and where people find help."""
    return {
        "type": f"https://shop.example/problems/{problem.title.lower().replace(' ', '-')}",
        "help": "https://shop.example/help",
    }
