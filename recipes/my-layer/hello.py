"""An application to try the layer with."""


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "6")])
    return [b"hello\n"]


def make_application(global_conf):
    """Make it for PasteDeploy."""
    return application
