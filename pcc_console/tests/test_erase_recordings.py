"""`manage.py erase_recordings` erases one caller's recordings, or says how many there are."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import CommandError, call_command

from calls.models import Recording
from tests import factories

pytestmark = pytest.mark.django_db


def run(project, number: str, *more: str) -> str:
    out = io.StringIO()
    call_command("erase_recordings", "--project", str(project.pk), "--number", number, *more, stdout=out)
    return out.getvalue().strip()


@pytest.fixture
def recordings(ours):
    call = factories.CallFactory(project=ours, customer_number="84900000012")
    return [
        *factories.RecordingFactory.create_batch(2, project=ours, call=call),
        factories.RecordingFactory(project=ours, call=call, state="running", file=""),
    ]


def test_it_erases_and_says_what_is_left(ours, theirs, recordings):
    assert run(ours, "0900000012", "--dry-run") == (
        "2 recordings would be erased. 1 more are being recorded now: run it again later."
    )
    assert run(theirs, "0900000012") == "Erased: 0 recordings."
    assert set(Recording.objects.values_list("state", flat=True)) == {"ready", "running"}

    facts = {"number": "84900000012", "found": 2, "erased": 2, "running": 1}
    assert json.loads(run(ours, "0900000012", "--json")) == facts
    assert set(Recording.objects.values_list("state", flat=True)) == {"erased", "running"}


def test_what_is_no_number_and_no_project_is_refused(ours, recordings):
    with pytest.raises(CommandError):
        run(ours, "nobody")
    with pytest.raises(CommandError):
        call_command("erase_recordings", "--project", "999999", "--number", "84900000012")
    assert "erased" not in set(Recording.objects.values_list("state", flat=True))
