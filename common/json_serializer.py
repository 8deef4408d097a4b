"""What the cache keeps in Redis is JSON: Django's default, pickle, would run the code of whoever can write there."""

from __future__ import annotations

import json
from typing import Any


class JsonSerializer:
    """For `OPTIONS["serializer"]` of Django's Redis cache. Numbers stay numbers, so that `incr` works."""

    def dumps(self, value: Any) -> bytes:
        return json.dumps(value, separators=(",", ":")).encode()

    def loads(self, data: bytes) -> Any:
        return json.loads(data)
