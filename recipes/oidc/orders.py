"""An application that believes its layers about who asks."""

import json


def application(environ, start_response):
    identity = environ.get("wsgistack.identity")
    known = identity and {
        "user": identity.user,
        "groups": sorted(identity.groups),
        "scopes": sorted(identity.scopes),
        "issuer": identity.claims["iss"],
    }
    start_response("200 OK", [("Content-Type", "application/json")])
    return [f"{json.dumps(known)}\n".encode()]
