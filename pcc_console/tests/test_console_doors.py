"""Every address of the console, found by itself: viewers change nothing, others' rows do not exist, strangers sign in.

A page that is added later is walked without being named here; one that takes new kinds of ids in its address fails
until `ids_of` knows them.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.core import serializers
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from agents.models import Agent
from callflow.models import Voicemail
from callflow.pages.simulating import ticket_for
from calls.models import RecordingKind
from ivr.models import IvrNode
from projects.models import Account, Project, Tenanted, User
from routing.models import Offer
from tests import factories
from tests.console import sign_in
from webhooks.models import DisabledUrl, SigningSecret
from webhooks.selectors import url_key

ADDRESS_PARTS = re.compile(r"<(?:\w+:)?(\w+)>")
OWN_ACCOUNT = {"logout", "choose_project", "password_change", "two_step", "recovery_codes", "set_language"}
FOR_EVERYBODY = {"login", "sign_in_code"}
TENANTED = [model for model in apps.get_models() if issubclass(model, Tenanted)]


def _patterns(resolver: URLResolver, prefix: str = "") -> list[tuple[str, str, Any]]:
    found = []
    for each in resolver.url_patterns:
        if isinstance(each, URLResolver):
            found += _patterns(each, prefix + str(each.pattern))
        elif isinstance(each, URLPattern):
            found.append((prefix + str(each.pattern), each.name or "", each.callback))
    return found


def _console_addresses() -> list[tuple[str, str]]:
    """Address with placeholders, and name, of everything on the console's site."""
    resolver = get_resolver()
    site = next(each for each in resolver.url_patterns if getattr(each, "namespace", None) == admin.site.name)
    return [(f"/{address}", name) for address, name, _view in _patterns(site)]


ADDRESSES = _console_addresses()
GUARDED = [(address, name) for address, name in ADDRESSES if name not in FOR_EVERYBODY | OWN_ACCOUNT]


@pytest.fixture
def rows(ours, theirs, owner, viewer, outsider) -> dict[str, Any]:
    """A row of ours for every kind of row that has pages."""
    group = factories.GroupFactory(project=ours, name="Secret group")
    agent = factories.AgentFactory(project=ours, name="Secret agent")
    queue = factories.QueueFactory(project=ours, name="Secret queue")
    tree = factories.IvrTreeFactory(project=ours, tree_name="Secret tree")
    node = factories.IvrNodeFactory(project=ours, tree=tree, node_name="Secret node")
    factories.IvrKeyPressFactory(project=ours, node=node)
    made = [
        group,
        agent,
        queue,
        tree,
        node,
        factories.GroupMembershipFactory(project=ours, group=group, agent=agent),
        factories.GroupRoutingFactory(project=ours, queue=queue, group=group),
        factories.SipAccountFactory(project=ours, user_name="secret"),
        factories.GreetingFileFactory(project=ours, desc1="Secret greeting"),
        factories.BusinessHoursFactory(project=ours, name="Secret hours"),
        factories.NumberFactory(project=ours, nickname="Secret number", number=NUMBER),
        factories.BlockedNumberFactory(project=ours, number="84909982888"),
        factories.PriorityCallerFactory(project=ours, number="84909982887", note="Secret caller"),
        factories.QueueOutcomeFactory(project=ours, queue=queue),
        ours,
        ours.account,
        ours.call_settings,
        ours.apikey_set.get(),
        viewer.memberships.get(),
        viewer,
    ]
    made += _what_went_out(ours, queue)
    made += _what_calls_left(ours, queue, agent)
    found = {row._meta.label_lower: row for row in made}
    entry = apps.get_model("auditlog.LogEntry").objects.filter(additional_data__project=ours.pk).first()
    return {**found, "auditlog.logentry": entry}


def _what_went_out(ours: Project, queue: Any) -> list[Any]:
    """What was owed to and asked of our servers, about a secret caller."""
    call = factories.CallFactory(project=ours, customer_number=NUMBER)
    SigningSecret.objects.create(project=ours, created_at=call.created_at)
    url = "https://Secret.example/"
    DisabledUrl.objects.create(project=ours, url=url, url_key=url_key(url), disabled_at=call.created_at)
    return [
        factories.DeliveryFactory(project=ours, call=call, url=url, endpoint="https://Secret.example:443"),
        factories.QuestionFactory(project=ours, call=call, url=url),
        factories.SmsFactory(project=ours, call=call, text="Secret text"),
        factories.AgentListQuestionFactory(project=ours, queue=queue, url=url),
        SigningSecret.objects.get(),
    ]


def _what_calls_left(ours: Project, queue: Any, agent: Agent) -> list[Any]:
    """A call that waits, its offer, and what was recorded of it."""
    entry: Any = factories.QueueEntryFactory(project=ours, queue=queue, call__customer_number=NUMBER)
    message: Any = factories.RecordingFactory(project=ours, call=entry.call, kind=RecordingKind.VOICEMAIL)
    now = entry.enqueued_at
    offer = Offer.objects.create(
        project=ours, call=entry.call, entry=entry, agent=agent, opened_at=now, deadline_at=now
    )
    recording = factories.RecordingFactory(project=ours, call=entry.call)
    return [entry.call, offer, recording, Voicemail.objects.get(pk=message.pk)]


def ids_of(address: str, rows: dict[str, Any]) -> dict[str, str]:
    """What to put into an address: the row of ours that the page is about."""
    from pcc_console.navigation import ADDRESSES as OF_MODELS

    model = next((model for model, start in OF_MODELS.items() if address.startswith(f"/{start}/")), None)
    row = rows[model] if model else None
    known = {
        "object_id": str(row.pk) if row else "",
        "id": str(row.pk) if row else "",
        "pk": str(row.pk) if row else "",
        "queue_id": str(rows["queues.queue"].pk),
        "public_id": rows["ivr.ivrnode"].public_id,
        "recording_id": str(rows["calls.recording"].recording_id),
        "ticket": ticket_for(rows["calls.call"].project, "leg"),
        "step": "node",
    }
    return {name: known[name] for name in ADDRESS_PARTS.findall(address)}


def _filled(address: str, rows: dict[str, Any]) -> str:
    ids = ids_of(address, rows)
    return ADDRESS_PARTS.sub(lambda part: ids[part[1]], address)


def everything() -> str:
    """All rows of all projects, to see whether anything changed."""
    kinds = [*TENANTED, Project, Account, User]
    return "\n".join(
        serializers.serialize("json", model._default_manager.order_by("pk"), fields=None) for model in kinds
    )


NUMBER = "842499912345"  # not one of the examples in help texts

ATTEMPT = {
    "post": "yes",
    "confirmed": "1",
    "_save": "1",
    "action": "delete_selected",
    "name": "changed",
    "label": "changed",
    "role": "owner",
    "who": "outsider",
    "number": "84999999999",
    "numbers": "84999999999",
    "tree_name": "changed",
    "node_name": "changed",
    "for": "agent",
    "agent-user_id": "agent_1",
}


@pytest.mark.parametrize(("address", "name"), ADDRESSES)
def test_strangers_are_asked_to_sign_in_and_change_nothing(rows, address, name):
    seen = Client().get(_filled(address, rows))
    if name not in FOR_EVERYBODY | {"logout"}:
        assert seen.status_code == 302
        assert seen["Location"].startswith("/login/")
    before = everything()
    answer = Client().post(_filled(address, rows), {**ATTEMPT, "_selected_action": ["1"]})
    assert answer.status_code in (200, 302, 405)
    assert everything() == before


@pytest.mark.parametrize(("address", "name"), GUARDED)
def test_viewers_see_and_change_nothing(rows, ours, viewer, address, name):
    client = sign_in(viewer, ours)
    filled = _filled(address, rows)
    seen = client.get(filled)
    assert seen.status_code in (200, 302, 400, 403, 404, 405), seen
    before = everything()
    model = next((row for row in rows.values() if filled.endswith("/") and row is not None), None)
    answer = client.post(filled, {**ATTEMPT, "_selected_action": [str(model.pk)], "project": str(ours.pk)})
    assert everything() == before
    # Pages that only show answer a POST by showing; everything else is refused.
    assert answer.status_code in ({200, 302, 403, 405} if _only_shows(name) else {302, 400, 403, 404, 405})


@pytest.mark.parametrize(("address", "name"), [each for each in GUARDED if ADDRESS_PARTS.search(each[0])])
def test_rows_of_another_project_do_not_exist(rows, theirs, outsider, address, name):
    client, filled = sign_in(outsider, theirs), _filled(address, rows)
    # What nobody may do, or only operators, is forbidden before the row is looked for.
    refusals = {403, 404} if address.startswith(("/operator/", "/setting/history/")) else {404}
    before = everything()
    assert client.get(filled, follow=True).status_code in refusals
    assert client.post(filled, ATTEMPT, follow=True).status_code in refusals
    assert everything() == before


@pytest.mark.parametrize(("address", "name"), [each for each in GUARDED if not ADDRESS_PARTS.search(each[0])])
def test_lists_show_nothing_of_another_project(rows, theirs, outsider, address, name):
    answer = sign_in(outsider, theirs).get(address, {"q": "secret", "s": "secret"}, follow=True)
    assert b"Secret" not in answer.content
    assert NUMBER.encode() not in answer.content


@pytest.mark.parametrize("field", [("numbers_app", "number", "queue"), ("queues", "queue", "business_hours")])
def test_autocompletion_offers_nothing_of_another_project(rows, theirs, outsider, field):
    app_label, model_name, field_name = field
    asked = {"app_label": app_label, "model_name": model_name, "field_name": field_name, "term": "secret"}
    answer = sign_in(outsider, theirs).get("/autocomplete/", asked)
    assert answer.status_code in (200, 404)
    assert b"Secret" not in answer.content


def test_walk_covers_every_registered_model(rows):
    registered = {model._meta.label_lower for model in admin.site._registry}
    assert registered <= set(rows)


def test_walk_uses_rows_that_are_really_ours(rows, ours):
    assert rows["agents.agent"] == Agent.objects.get(project=ours)
    assert rows["ivr.ivrnode"] == IvrNode.objects.get(project=ours)


def _only_shows(name: str) -> bool:
    return name.endswith(("_changelist", "_export")) or name in ("index", "account", "search", "ivr_ivrtree_change")
