"""One page of rows, cut out in the database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db import models
from django.db.models import QuerySet

Row = TypeVar("Row", bound=models.Model)


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Page `number` (from 1) of `total` rows, `limit` to a page. No rows means no pages."""

    rows: list[Row]
    total: int
    number: int
    limit: int

    @property
    def pages(self) -> int:
        return -(-self.total // self.limit)

    def describe(self) -> dict[str, Any]:
        return {"totalPages": self.pages, "currentPage": self.number, "limit": self.limit}


def page_of(rows: QuerySet[Row], number: int, limit: int) -> Page[Row]:
    """Cost: one query when the page is the last one and not empty, otherwise one more that counts."""
    start = (number - 1) * limit
    found = list(rows[start : start + limit])
    ends_here = len(found) < limit and (found or number == 1)
    return Page(found, start + len(found) if ends_here else rows.count(), number, limit)
