"""Minimal settings of a Django project."""

import os

SECRET_KEY = os.environ.get("SHOP_SECRET_KEY", "only for trying out")
DEBUG = False
DEBUG_PROPAGATE_EXCEPTIONS = True  # so that catch_errors answers exceptions
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
ROOT_URLCONF = "shop.urls"
WSGI_APPLICATION = "shop.wsgi.application"
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
USE_TZ = True
TIME_ZONE = "UTC"  # also of the access log; without it, Django sets that of Chicago
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "wsgistack.logging.RequestIdFilter"}},
    "formatters": {"line": {"format": "%(levelname)s [%(request_id)s] %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "filters": ["request_id"], "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
}
