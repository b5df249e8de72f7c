"""A plain WSGI application whose errors are recorded in the spans of OpenTelemetry."""

import logging
import sys

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor
from opentelemetry.trace import Status, StatusCode


class RecordExceptions(logging.Handler):
    """Record the exception of a log record in the current span."""

    def emit(self, record):
        if record.exc_info:
            span = trace.get_current_span()
            span.record_exception(record.exc_info[1])
            span.set_status(Status(StatusCode.ERROR, record.exc_info[0].__name__))


provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter(out=sys.stderr)))  # for trying out
trace.set_tracer_provider(provider)
logging.getLogger("wsgistack.catch_errors").addHandler(RecordExceptions())


def app(environ, start_response):
    if environ["PATH_INFO"] == "/fail":
        raise LookupError("no such parcel")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"Your parcel is on its way.\n"]
