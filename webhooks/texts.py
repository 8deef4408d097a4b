"""Texts of strangers, made fit for the database: pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def storable(text: str) -> str:
    """The text without what PostgreSQL refuses: NUL and halves of surrogate pairs."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")


def json_text(body: Mapping[str, Any]) -> str:
    """JSON as it is signed and sent. Raises ValueError or TypeError for what JSON cannot say, such as NaN."""
    return storable(json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")))
