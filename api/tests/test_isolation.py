"""One project never sees, finds, links to or changes another's rows: for every call and every field that names a row.

The cases come from the declarations, so a new resource, filter or field is tested as soon as it exists, and a new
address or id that does not take part fails here.
"""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest
from django.db import models
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework import serializers

from api import resources
from api.fields import Lenient
from api.resources.account_numbers import AccountNumbers
from api.tests.samples import NAMED, SAMPLES, TOGETHER_WITH, Call, calls, everything, world
from api.urls import unknown

UNKNOWN_ID = "ZZ0UNKNOWN"
NOT_AN_ID = {"stringee_user_id", "from_user_id"}  # names that the client chooses
NOT_FOUND = {"call2/stop": 2}  # what clients know there; 3 elsewhere
PATH_CALLS = [call for call in calls() if call.on_item and call.resource.enveloped]


def naming_fields(fields) -> list[str]:
    return [name for name, field in fields.items() if isinstance(field, Lenient) and field.names_row]


QUERY_CALLS = [
    (call, name) for call in calls() if call.described.query for name in naming_fields(call.described.query().fields)
]
BODY_CALLS = [
    (call, name) for call in calls() if call.described.body for name in naming_fields(call.described.body.fields)
]


def their_id(call: Call, name: str, theirs) -> str:
    return SAMPLES[call.resource.path].id(theirs) if name == "id" else NAMED[name](theirs)


@pytest.mark.parametrize("call", PATH_CALLS, ids=str)
def test_their_id_in_the_path_looks_like_an_unknown_one(call, api, ours, theirs):
    mine, other = world(ours), world(theirs)
    foreign_id = SAMPLES[call.resource.path].id(other)
    before = everything()

    foreign = api.call(call.method, call.path(foreign_id), call.body(mine))
    absent = api.call(call.method, call.path(UNKNOWN_ID), call.body(mine))

    assert foreign.status_code == absent.status_code == 200
    assert foreign.json()["r"] == 3
    assert foreign.content.replace(foreign_id.encode(), UNKNOWN_ID.encode()) == absent.content
    assert everything() == before


@pytest.mark.parametrize(("call", "name"), QUERY_CALLS, ids=lambda of: str(of))
def test_their_id_in_a_filter_finds_nothing(call, name, api, ours, theirs):
    mine, other = world(ours), world(theirs)
    fields = call.described.query().fields
    required = call.required_filters(mine)

    def answer(id):
        return api.get(f"/v1/{call.resource.path}?{urlencode({**required, name: id})}")

    foreign_id = their_id(call, name, other)
    foreign, absent = answer(foreign_id), answer(UNKNOWN_ID)
    assert json.dumps(foreign).replace(foreign_id, UNKNOWN_ID) == json.dumps(absent)
    if isinstance(fields[name], serializers.CharField):
        assert foreign["r"] == 0
        assert foreign["data"][call.resource.array_key] == []
    else:
        assert foreign["r"] == 3


@pytest.mark.parametrize(("call", "name"), BODY_CALLS, ids=lambda of: str(of))
def test_their_id_in_a_body_is_refused_and_nothing_is_linked(call, name, api, ours, theirs):
    mine, other = world(ours), world(theirs)
    path = call.path(SAMPLES[call.resource.path].id(mine))
    body = {**call.body(mine), **TOGETHER_WITH.get((call.resource.path, name), {})}
    before = everything()

    foreign_id = their_id(call, name, other)
    foreign = api.ask(call.method, path, {**body, name: foreign_id})
    absent = api.ask(call.method, path, {**body, name: UNKNOWN_ID})

    assert foreign["r"] == NOT_FOUND.get(call.resource.path, 3)
    assert json.dumps(foreign).replace(foreign_id, UNKNOWN_ID) == json.dumps(absent)
    assert everything() == before


@pytest.mark.parametrize("call", [call for call in calls() if call.action == "list"], ids=str)
def test_lists_hold_our_rows_only(call, api, their_api, ours, theirs):
    mine, other = world(ours), world(theirs)

    def shown(program, of) -> str:
        answer = program.get(f"/v1/{call.resource.path}?{urlencode(call.required_filters(of))}")
        assert len(answer["data"][call.resource.array_key]) > 0
        return json.dumps(answer)

    def ids_of(project) -> list[str]:
        rows = [row for rows in everything().values() for row in rows]
        return [row["public_id"] for row in rows if row.get("project_id") == project.pk and "public_id" in row]

    assert [id for id in ids_of(theirs) if id in shown(api, mine)] == []
    assert [id for id in ids_of(ours) if id in shown(their_api, other)] == []


@pytest.mark.parametrize("call", [call for call in calls() if call.changes_rows], ids=str)
def test_what_we_change_leaves_the_other_project_as_it_was(call, api, ours, theirs):
    mine = world(ours)
    world(theirs)

    def their_rows() -> list:
        return [row for rows in everything().values() for row in rows if row.get("project_id") == theirs.pk]

    before = their_rows()
    api.ask(call.method, call.path(SAMPLES[call.resource.path].id(mine)), call.body(mine))
    assert their_rows() == before


# ── nothing escapes the tests above ──────────────────────────────────────────────────────────────────────────────────


def patterns(resolver, prefix="") -> list[tuple[str, URLPattern]]:
    found = []
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            found += patterns(pattern, prefix + str(pattern.pattern))
        else:
            found.append((prefix + str(pattern.pattern), pattern))
    return found


def test_every_address_of_v1_belongs_to_a_tested_resource():
    of_v1 = [(address, pattern) for address, pattern in patterns(get_resolver()) if "v1" in address]
    assert len(of_v1) == sum(bool(resource.collection) + bool(resource.item) for resource in resources.ALL) + 1
    for address, pattern in of_v1:
        served = pattern.callback is unknown or pattern.callback.cls in resources.ALL
        assert served, f"{address} is not in api.resources.ALL: add it there and a Sample to api/tests/samples.py"


def test_every_resource_has_a_sample():
    assert set(SAMPLES) == {resource.path for resource in resources.ALL}


def test_every_field_that_names_a_row_is_marked_and_has_a_value_to_test_with():
    for call in calls():
        fields = {**(call.described.query().fields if call.described.query else {})}
        fields.update(call.described.body.fields if call.described.body else {})
        for name, field in fields.items():
            looks_like_an_id = name == "id" or (name.endswith("_id") and name not in NOT_AN_ID)
            assert field.names_row or not (looks_like_an_id or is_link(call, field)), f"{call}: {name}"
            assert not field.names_row or name == "id" or name in NAMED, f"{call}: no value for {name} in NAMED"


def is_link(call: Call, field) -> bool:
    model = getattr(call.resource, "model", None)
    known = {of.name: of for of in model._meta.get_fields()} if model else {}
    return isinstance(known.get(field.source), models.ForeignKey)


def test_the_accounts_side_of_number_is_tested_by_hand():
    """See test_account_numbers; a new call there needs its isolation test too."""
    assert dict(AccountNumbers.collection) == {"get": "list"}
    assert dict(AccountNumbers.item) == {"get": "retrieve", "put": "attach", "post": "attach_or_add"}
