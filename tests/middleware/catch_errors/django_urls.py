"""A Django site that fails."""

from django.http import HttpRequest, HttpResponse  # type: ignore[import-untyped]
from django.urls import path  # type: ignore[import-untyped]


def fail(request: HttpRequest) -> HttpResponse:
    raise LookupError("no such shop")


urlpatterns = [path("", fail)]
