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


def name_trace(app):
    """Wrap an application in a layer that names the trace of OpenTelemetry to the logs of the layers inside."""

    def application(environ, start_response):
        context = trace.get_current_span().get_span_context()
        if context.is_valid:
            environ["wsgistack.trace_id"] = trace.format_trace_id(context.trace_id)
        return app(environ, start_response)

    return application


provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter(out=sys.stderr)))  # for trying out
trace.set_tracer_provider(provider)
logging.getLogger("wsgistack.catch_errors").addHandler(RecordExceptions())


def app(environ, start_response):
    if environ["PATH_INFO"] == "/fail":
        raise LookupError("no such parcel")
    start_response("200 OK", [("Content-Type", "text/plain")])
    if environ["PATH_INFO"] == "/stream":
        return (f"{60 // left} km\n".encode() for left in (2, 1, 0))
    return [b"Your parcel is on its way.\n"]
