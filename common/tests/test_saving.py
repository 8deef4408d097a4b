"""Rows are stored, or refused with a reason."""

from __future__ import annotations

import pytest
from django.db import IntegrityError

from agents.models import Agent, Group, RoutingType
from common import ids
from common.refusals import AlreadyExists, InvalidInput
from common.saving import ID_ATTEMPTS, Twin, save_row
from tests import factories


@pytest.fixture
def drawn(monkeypatch) -> list[str]:
    """The ids that will be drawn next."""
    upcoming: list[str] = []
    monkeypatch.setattr(ids, "short_id", lambda prefix: upcoming.pop(0))
    return upcoming


def test_a_short_id_that_is_taken_is_drawn_again(ours, theirs, drawn):
    drawn += ["GRTAKEN1", "GRTAKEN1", "GRTAKEN1", "GRFREE01"]
    factories.GroupFactory(project=theirs)
    group = Group(project=ours, name="Sales")
    save_row(group)
    assert group.public_id == "GRFREE01"
    assert Group.objects.get(project=ours) == group


def test_somebody_who_always_draws_the_same_id_is_told(ours, drawn):
    drawn += ["GRTAKEN1"] * (ID_ATTEMPTS + 1)
    factories.GroupFactory(project=ours)
    with pytest.raises(IntegrityError):
        save_row(Group(project=ours, name="Sales"))
    assert Group.objects.count() == 1


def test_a_twin_is_named(ours, agent_1):
    twin = Twin("agent_user_id_in_project", Agent.objects.filter(stringee_user_id="agent_1"), "He is there.")
    with pytest.raises(AlreadyExists) as refused:
        save_row(Agent(project=ours, name="Second", stringee_user_id="agent_1"), twin)
    assert (refused.value.message, refused.value.existing_id) == ("He is there.", agent_1.public_id)
    assert Agent.objects.get() == agent_1


def test_a_row_is_not_its_own_twin(ours, agent_1):
    twin = Twin("agent_user_id_in_project", Agent.objects.filter(stringee_user_id="agent_1"), "He is there.")
    agent_1.name = "Lan"
    save_row(agent_1, twin)
    assert Agent.objects.get().name == "Lan"


def test_a_check_of_the_database_becomes_a_refusal(agent_1):
    agent_1.routing_type = RoutingType.PHONE
    with pytest.raises(InvalidInput, match="These settings do not go together: agent phone for type 2"):
        save_row(agent_1)
    agent_1.refresh_from_db()
    assert agent_1.routing_type == RoutingType.DEVICE


def test_other_constraints_stay_errors(ours, agent_1):
    with pytest.raises(IntegrityError):
        save_row(Agent(project=ours, name="Second", stringee_user_id="agent_1"))
