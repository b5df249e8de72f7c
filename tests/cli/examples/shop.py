"""An application of somebody who knows only Flask."""

import flask

app = flask.Flask(__name__)


@app.get("/")
def index() -> str:
    return "Welcome to the shop"


@app.get("/admin")
def admin() -> str:
    return "All orders"
