"""What the doctor finds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"


@dataclass(frozen=True)
class Diagnosis:
    """What we saw of one thing; `advice` says what to do and is empty when all is well."""

    name: str
    status: Status
    detail: str
    advice: str = ""
