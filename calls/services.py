"""Writes that every room of running calls shares."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from calls.models import Subject, Transition


def note_transition(
    project_id: int,
    subject: Subject,
    subject_id: str,
    event: str,
    before: str,
    after: str,
    at: dt.datetime,
    *,
    call_pk: int | None = None,
    details: Mapping[str, Any] | None = None,
) -> Transition:
    """The row that tells one change of state, not stored yet: collect them and store them with `bulk_create`.

    Cost: nothing. `subject_id` is the id by which the subject is known: call id, leg id, row number of an entry, offer
    or agent.
    """
    return Transition(
        project_id=project_id,
        call_id=call_pk,
        subject=subject,
        subject_id=subject_id,
        event=event,
        before=before,
        after=after,
        at=at,
        details=dict(details or {}),
    )
