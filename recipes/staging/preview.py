"""A Django site that is not public yet, and a health check for the load balancer."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path

settings.configure(
    ALLOWED_HOSTS=["localhost", "127.0.0.1"],
    ROOT_URLCONF=__name__,
    SECRET_KEY=os.environ.get("PREVIEW_SECRET_KEY", "only for trying out"),
)


def home(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"Welcome to the next release, {request.META['REMOTE_USER']}.\n", content_type="text/plain")


def health(request: HttpRequest) -> HttpResponse:
    return HttpResponse("all is well\n", content_type="text/plain")


urlpatterns = [path("", home), path("health", health)]
application = get_wsgi_application()
