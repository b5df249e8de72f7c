"""An issuer of JWTs for trying out: it gives a token to everybody who asks. Run it with: python issuer.py"""

import json
import secrets
import sys
import time
from urllib.parse import parse_qs
from wsgiref.simple_server import make_server

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

PORT = int(sys.argv[1]) if len(sys.argv) > 1 else 8001
KEYS = []


def rotate():
    """Sign with a new key from now on. The one before it is published until its tokens have expired."""
    KEYS.append((secrets.token_hex(4), rsa.generate_private_key(public_exponent=65537, key_size=2048)))
    del KEYS[:-2]


def publish():
    keys = [{**jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": name} for name, key in KEYS]
    return {"keys": [{**each, "use": "sig", "alg": "RS256"} for each in keys]}


def issue(issuer, user, scope="", groups=""):
    name, key = KEYS[-1]
    claims = {"iss": issuer, "aud": "orders", "sub": user, "exp": int(time.time()) + 300}
    claims |= {"scope": scope, "groups": groups.split()}
    return {"access_token": jwt.encode(claims, key, "RS256", {"kid": name}), "token_type": "Bearer", "expires_in": 300}


def application(environ, start_response):
    query = {name: values[0] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
    if environ["PATH_INFO"] == "/rotate":
        rotate()
    answer = (
        issue(f"http://127.0.0.1:{environ['SERVER_PORT']}", **query) if environ["PATH_INFO"] == "/token" else publish()
    )
    start_response("200 OK", [("Content-Type", "application/json"), ("Cache-Control", "no-store")])
    return [json.dumps(answer).encode()]


if __name__ == "__main__":
    rotate()
    with make_server("127.0.0.1", PORT, application) as server:
        print(f"Serving on http://127.0.0.1:{server.server_port}/", flush=True)
        server.serve_forever()
