"""Whom we believe that a customer's server is who its address says."""

from __future__ import annotations

import ssl
import threading
from functools import lru_cache

import certifi

_making = threading.Lock()


def tls_context() -> ssl.SSLContext:
    """The system's authorities, with an operator's own ones, and Mozilla's for systems without any.

    Made once, in two tenths of a second: all threads of a worker that has just begun may want it in the same moment,
    and together they would be at it for longer than a caller waits.
    """
    with _making:
        return _made()


@lru_cache(maxsize=1)
def _made() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context
