"""A Flask application behind wsgistack's layers."""

from flask import Flask, jsonify, request

from wsgistack import Pipeline

app = Flask(__name__)
app.config["PROPAGATE_EXCEPTIONS"] = True  # so that catch_errors answers exceptions

NOTES = [f"note {number}: remember the milk" for number in range(100)]


@app.get("/")
def notes():
    return jsonify(notes=NOTES, user=request.remote_user, request_id=request.environ["wsgistack.request_id"])


@app.get("/stream")
def stream():
    return (f"{note}\n" for note in NOTES), {"Content-Type": "text/plain"}


@app.get("/fail")
def fail():
    return {"never": 1 / 0}


pipeline = Pipeline(
    [
        "request_id",
        {"use": "access_log", "format": "json"},
        "catch_errors",
        {"use": "gzip", "minimum_size": 1000},
        {"use": "basic_auth", "users": {"ann": "secret"}, "realm": "notes"},
    ]
)
app.wsgi_app = pipeline.wrap(app.wsgi_app)
