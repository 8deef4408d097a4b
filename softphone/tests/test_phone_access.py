"""Access for pages that play a telephone: what it carries, for how long, and what is refused."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from projects.verification import TokenInvalid, TokenMalformed
from softphone import phone_access
from softphone.phone_access import LIFETIME_S, PhoneAccess

VISITOR = PhoneAccess(7, "84900000001", only_number="842473082686")


def test_access_comes_back_as_it_was_issued():
    token = phone_access.issue(VISITOR)

    assert phone_access.is_phone(token)
    assert phone_access.read(token) == VISITOR


def test_visitor_may_call_the_number_of_his_link_only():
    assert VISITOR.may_call("842473082686")
    assert not VISITOR.may_call("842473082687")


def test_member_may_call_every_number():
    assert PhoneAccess(7, "84900000001", issued_by=3).may_call("842473082687")


def test_access_ends():
    with time_machine.travel(dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC), tick=False) as clock:
        token = phone_access.issue(VISITOR)
        clock.shift(LIFETIME_S)
        assert phone_access.read(token) == VISITOR
        clock.shift(2)
        with pytest.raises(TokenInvalid):
            phone_access.read(token)


@pytest.mark.parametrize("token", ["phone:", "phone:x", "phone:eyJ:1:2", "phone:" + "a" * 5000, "x" * 10])
def test_what_is_not_ours_is_refused(token):
    with pytest.raises(TokenMalformed):
        phone_access.read(token)


def test_nothing_of_it_can_be_changed():
    token = phone_access.issue(VISITOR)
    body, _, rest = token.removeprefix("phone:").partition(":")
    with pytest.raises(TokenMalformed):
        phone_access.read(f"phone:{body[:-2]}AA:{rest}")
