"""An API for orders in JSON, whose errors are problem+json, as those of the layers are."""

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from wsgistack import error_answer

app = Flask(__name__)
app.config["PROPAGATE_EXCEPTIONS"] = True  # so that catch_errors answers exceptions

ORDERS: dict[str, object] = {}


@app.errorhandler(HTTPException)
def answer(error):
    allow = [header for header in error.get_headers() if header[0] == "Allow"]
    status, headers, body = error_answer(request.environ, error.code, error.description, headers=allow)
    return Response(body, status, headers)


@app.get("/orders")
def list_orders():
    return jsonify(ORDERS)


@app.put("/orders/<name>")
def put(name):
    ORDERS[name] = request.get_json()  # answers 415 to what is not JSON
    return jsonify(ORDERS[name])


@app.delete("/orders/<name>")
def delete(name):
    ORDERS.pop(name, None)
    return jsonify(ORDERS)


@app.get("/fail")
def fail():
    return {"never": 1 / 0}
