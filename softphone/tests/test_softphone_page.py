"""The agent's page and its tokens, without a browser."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from projects import verification
from projects.models import ApiKey
from projects.services import revoke_key
from softphone.pages.softphone import TOKEN_LIFETIME_S
from tests import console, factories


def config_of(response):
    text = response.content.decode().partition('<script id="config" type="application/json">')[2]
    return json.loads(text.partition("</script>")[0])


def ask_for_token(client, body):
    return client.post("/softphone/token", json.dumps(body), content_type="application/json")


def test_supervisor_chooses_among_the_projects_agents(ours, theirs, supervisor, agent_1):
    factories.AgentFactory(project=theirs)
    facts = config_of(console.sign_in(supervisor, ours).get("/softphone?agent=agent_1"))

    assert facts["agents"] == [{"userId": "agent_1", "name": "Agent One"}]
    assert (facts["chosen"], facts["addresses"]["token"]) == ("agent_1", "/softphone/token")


@pytest.mark.parametrize("who", ["viewer", "nobody"])
def test_others_see_no_agents_and_bring_a_token(ours, viewer, agent_1, who):
    client = console.sign_in(viewer, ours) if who == "viewer" else Client()
    facts = config_of(client.get("/softphone"))

    assert (facts["agents"], facts["addresses"]["token"]) == ([], "")


def test_token_is_made_for_an_agent_and_ends_soon(ours, supervisor, agent_1):
    issued = ask_for_token(console.sign_in(supervisor, ours), {"userId": "agent_1"}).json()
    claims = verification.verify(issued["token"]).claims

    assert (claims["userId"], claims["icc_api"], claims["exp"]) == ("agent_1", True, issued["expires"])
    assert TOKEN_LIFETIME_S == 3600


def test_no_token_is_made_for_others(ours, theirs, supervisor, viewer, agent_1):
    factories.AgentFactory(project=theirs, stringee_user_id="stranger")
    assert ask_for_token(console.sign_in(viewer, ours), {"userId": "agent_1"}).status_code == 409
    assert ask_for_token(console.sign_in(supervisor, ours), {"userId": "stranger"}).status_code == 404
    assert ask_for_token(console.sign_in(supervisor, ours), {"userId": ["agent_1"]}).status_code == 400
    assert ask_for_token(Client(), {"userId": "agent_1"}).status_code == 302
    revoke_key(ApiKey.objects.get(project=ours))
    assert ask_for_token(console.sign_in(supervisor, ours), {"userId": "agent_1"}).status_code == 409


def test_page_of_another_site_gets_no_token(ours, supervisor, agent_1):
    client = Client(enforce_csrf_checks=True)
    client.force_login(supervisor)
    assert ask_for_token(client, {"userId": "agent_1"}).status_code == 403


@pytest.mark.parametrize("prefix", ["", "softphone/", "web_phone/lastest/"])
def test_script_is_served_to_every_site(prefix):
    response = Client().get(f"/{prefix}js/StringeeSoftPhone-lastest.js")

    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert b"window.StringeeSoftPhone" in response.content
