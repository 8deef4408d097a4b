"""Rows that a statement of ours has read are those that Django reads."""

from __future__ import annotations

import pytest

from calls.models import Call
from common.statements import Whole, fetched
from projects.models import Account
from tests import factories

pytestmark = pytest.mark.django_db

CALL, ACCOUNT = Whole(Call, "c"), Whole(Account, "a")


def columns_of(row):
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_a_whole_row_is_the_one_that_django_reads(ours):
    made = factories.CallFactory(project=ours, flow={"main_leg": "leg-1", "path": [1, None]}, timers={"talk": "x"})
    stored = Call.objects.get(pk=made.pk)

    (row,) = CALL.rows(f"SELECT {CALL} FROM calls_call AS c WHERE c.id = %s", [made.pk])

    assert columns_of(row) == columns_of(stored)
    assert (row._state.adding, row._state.db) == (False, stored._state.db)


def test_what_is_encrypted_is_readable(ours):
    (row,) = ACCOUNT.rows(f"SELECT {ACCOUNT} FROM projects_account AS a WHERE a.id = %s", [ours.account_id])

    assert row.secret == ours.account.secret != ""


def test_rows_of_several_tables_stand_side_by_side_and_may_be_missing(ours):
    call = factories.CallFactory(project=ours)

    (columns,) = fetched(
        f"SELECT {CALL}, 7, {ACCOUNT} FROM calls_call AS c LEFT JOIN projects_account AS a ON false WHERE c.id = %s",
        [call.pk],
    )
    values = iter(columns)

    assert CALL.take(values) == call
    assert next(values) == 7
    assert ACCOUNT.take_if_any(values) is None
    assert list(values) == []
