"""The secrets that sign what a project's URLs get."""

from __future__ import annotations

import datetime as dt

from django.db import IntegrityError, transaction
from django.db.models import F, Q

from projects.models import Project
from webhooks.models import SigningSecret

OLD_SECRET_SIGNS_FOR = dt.timedelta(hours=24)  # time to enter the new one on every server


def signing_secrets(project_id: int, now: dt.datetime) -> tuple[str, ...]:
    """The secrets that sign now, newest first. A project gets its first one here.

    Cost: one query, two more the first time.
    """
    valid = SigningSecret.objects.filter(Q(retires_at__isnull=True) | Q(retires_at__gt=now), project_id=project_id)
    rows = list(valid.order_by(F("retires_at").desc(nulls_first=True), "-pk"))
    if not rows or rows[0].retires_at is not None:
        rows.insert(0, _first_secret(project_id, now))
    return tuple(row.secret for row in rows)


@transaction.atomic
def rotate_signing_secret(project_id: int, now: dt.datetime) -> str:
    """Give a project a new secret and return it, to be shown now. The old one signs too for 24 hours.

    Locks: the project, against a second rotation at the same time.
    """
    Project.objects.select_for_update(no_key=True).get(pk=project_id)
    ours = SigningSecret.objects.filter(project_id=project_id)
    ours.filter(retires_at__lte=now).delete()
    ours.filter(retires_at__isnull=True).update(retires_at=now + OLD_SECRET_SIGNS_FOR)
    return SigningSecret.objects.create(project_id=project_id, created_at=now, shown_at=now).secret


@transaction.atomic
def reveal_signing_secret(project_id: int, now: dt.datetime) -> str | None:
    """The present secret when nobody has read it yet, for this one time; else None.

    Locks: the secret, so that two readers do not both get it.
    """
    present = SigningSecret.objects.select_for_update().filter(project_id=project_id, retires_at=None).first()
    if present is None or present.shown_at is not None:
        return None
    present.shown_at = now
    present.save(update_fields=["shown_at"])
    return present.secret


def _first_secret(project_id: int, now: dt.datetime) -> SigningSecret:
    """Two workers may come at once: the database keeps one present secret, and both take that."""
    try:
        with transaction.atomic():
            return SigningSecret.objects.create(project_id=project_id, created_at=now)
    except IntegrityError:
        return SigningSecret.objects.get(project_id=project_id, retires_at__isnull=True)
