"""Three pages: one returns JSON, one streams, one raises an exception."""

import logging

from django.http import HttpRequest, JsonResponse, StreamingHttpResponse
from django.urls import path

GOODS = [{"name": f"teapot {number}", "price": number} for number in range(100)]


def goods(request: HttpRequest) -> JsonResponse:
    logging.getLogger("shop").info("listing the goods")
    return JsonResponse({"goods": GOODS, "request_id": request.META["wsgistack.request_id"]})


def stream(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse((f"{each['name']}\n" for each in GOODS), content_type="text/plain")


def fail(request: HttpRequest) -> JsonResponse:
    raise LookupError("sold out")


urlpatterns = [path("", goods), path("stream", stream), path("fail", fail)]
