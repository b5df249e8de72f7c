"""The project's WSGI application, behind wsgistack's layers."""

import os

from django.core.wsgi import get_wsgi_application

from wsgistack import Pipeline

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")

application = Pipeline(["request_id", "access_log", "catch_errors", "gzip"]).wrap(get_wsgi_application())
