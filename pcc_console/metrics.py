"""What Prometheus reads at /metrics, and the middleware that counts and logs requests."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version

from django.http import HttpRequest, HttpResponse
from prometheus_client import Counter, Gauge, Histogram, Info

logger = logging.getLogger("pcc_console.requests")

REQUESTS = Counter("pcc_http_requests", "Answered requests.", ["view", "method", "status"])
REQUEST_SECONDS = Histogram("pcc_http_request_seconds", "Time to answer a request.", ["view"])
READY = Gauge("pcc_ready", "1 when the dependency is usable, as /readyz sees it.", ["dependency"])
BUILD = Info("pcc_build", "The running version.")

KNOWN_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
UNKNOWN_VIEW = "(no view)"
# Long enough to be a phone number; ids and dates in our paths are shorter or not all digits.
_LONG_NUMBER = re.compile(r"\d{6,}(?=\d{3})")


def product_version() -> str:
    """E.g. `0.1.0`; the package is not installed when we run from a clone, which counts as `source`."""
    try:
        return version("pcc-console")
    except PackageNotFoundError:
        return "source"


BUILD.info({"version": product_version()})


def count_requests(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: count, time and log every request under the name of its view. Query strings are not logged."""

    def middleware(request: HttpRequest) -> HttpResponse:
        began = time.monotonic()
        response = get_response(request)
        took_s = time.monotonic() - began
        match = request.resolver_match
        view = match.view_name if match else UNKNOWN_VIEW
        method = request.method if request.method in KNOWN_METHODS else "OTHER"
        REQUESTS.labels(view, method, response.status_code).inc()
        REQUEST_SECONDS.labels(view).observe(took_s)
        logger.info(
            "request",
            extra={
                "method": method,
                "path": _LONG_NUMBER.sub("…", request.path),
                "status": response.status_code,
                "took_ms": round(took_s * 1000),
            },
        )
        return response

    return middleware
