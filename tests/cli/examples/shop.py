"""An application of somebody who knows only Flask."""

import flask

app = flask.Flask(__name__)


@app.get("/")
def index() -> str:
    return "Welcome to the shop"


@app.get("/admin")
def admin() -> str:
    return "All orders"


@app.get("/orders/<int:number>")
def order(number: int) -> str:
    return f"Order {100 % number}"


app.config["PROPAGATE_EXCEPTIONS"] = True  # to the layers
