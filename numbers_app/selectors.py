"""Reads of numbers and of the lists of callers."""

from __future__ import annotations

from numbers_app.models import PriorityCaller

NO_PRIORITY = 0  # callers who are not listed come after all who are


def priority_of(project_id: int, digits: str) -> int:
    """How early a caller is served: 1 to 9, the higher the earlier; 0 for callers who are not listed.

    Cost: one query, an index lookup.
    """
    listed = PriorityCaller.objects.filter(project_id=project_id, digits=digits)
    priority: int | None = listed.values_list("priority", flat=True).first()
    return priority or NO_PRIORITY
