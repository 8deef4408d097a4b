"""`manage.py check_invariants` and the doctor's line about calls."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from django.core.management import call_command

from common import clock
from pcc_console import doctor
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def broken(ours):
    """A call that has ended without a word of it in the log, yesterday."""
    yesterday = clock.now() - dt.timedelta(hours=30)
    return factories.CallFactory(
        project=ours, state="ended", outcome="failed", created_at=yesterday, ended_at=yesterday
    )


def test_all_is_well(ours, capsys):
    call_command("check_invariants")

    assert capsys.readouterr().out == "Everything holds.\n"
    assert doctor.check_calls().status is doctor.Status.OK


@pytest.mark.parametrize("options", [("--hours", "48"), ("--hours", "0"), ("--hours", "0", "--copy")])
def test_what_does_not_hold_is_printed(ours, broken, capsys, options):
    with pytest.raises(SystemExit):
        call_command("check_invariants", *options)

    assert capsys.readouterr().out.splitlines()[0] == f"S3 project {ours.pk}, {broken.call_id}: has ended 0 times"


def test_findings_are_json(ours, broken, capsys):
    with pytest.raises(SystemExit):
        call_command("check_invariants", "--json", "--hours", "48", "--project", str(ours.pk))

    found = json.loads(capsys.readouterr().out)["findings"]
    assert {(each["code"], each["project"], each["about"]) for each in found} == {
        ("S3", ours.pk, broken.call_id),
        ("S7", ours.pk, broken.call_id),
    }


def test_only_the_calls_of_some_hours_and_projects_are_looked_at(ours, theirs, broken, capsys):
    call_command("check_invariants")
    call_command("check_invariants", "--hours", "48", "--project", str(theirs.pk))

    assert capsys.readouterr().out == "Everything holds.\n" * 2


def test_the_doctor_warns_of_the_last_hour(ours):
    now = clock.now()
    factories.CallFactory(project=ours, state="ended", outcome="failed", created_at=now, ended_at=now)

    found = doctor.check_calls()

    assert (found.status, found.detail) == (doctor.Status.WARN, "2 findings: S3, S7")
