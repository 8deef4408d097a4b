"""What every answer of the console tells the browser to refuse."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.test import Client
from django.views.defaults import server_error

from tests import factories
from tests.console import sign_in, texts

INLINE_SCRIPT = re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*\btype=\"application/json\")[^>]*>\s*\S", re.IGNORECASE)
INLINE_HANDLER = re.compile(r"<[^>]+\son[a-z]+\s*=\s*[\"']", re.IGNORECASE)
ELSEWHERE = re.compile(r"<(?:script|link|img|iframe|audio|video|source)[^>]*\b(?:src|href)=[\"'](?:https?:)?//", re.I)
PAGES = [
    "/",
    "/project/",
    "/account/",
    "/account/two-step/",
    "/password_change/",
    "/setting/accesstoken/",
    "/setting/history/",
    "/setting/number/",
    "/setting/number/add/",
    "/setting/ivrtree/",
    "/setting/agent/add/",
    "/setting/group/add/",
    "/setting/queue/add/",
    "/setting/greeting/",
    "/setting/businesshour/",
    "/setting/callsetting/",
    "/setting/sipaccount/add/",
    "/setting/apikey/",
    "/setting/member/",
    "/setting/project/own/",
]


@pytest.fixture
def client(ours, owner):
    return sign_in(owner, ours)


@pytest.mark.parametrize("path", PAGES)
def test_page_has_no_inline_script_and_nothing_from_another_host(client, path):
    page = client.get(path, follow=True).content.decode()
    assert not INLINE_SCRIPT.search(page)
    assert not INLINE_HANDLER.search(page)
    assert not ELSEWHERE.search(page)


@pytest.mark.parametrize("path", ["/", "/login/", "/nothing/here/"])
def test_policy_forbids_inline_scripts_other_hosts_and_frames(client, path):
    policy = dict(
        directive.strip().split(" ", 1)
        for directive in client.get(path)["Content-Security-Policy"].split(";")
        if " " in directive.strip()
    )
    assert "'unsafe-inline'" not in policy["script-src"]
    assert policy["default-src"] == "'self'"
    assert policy["object-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["form-action"] == "'self'"
    assert policy["base-uri"] == "'self'"
    assert not re.search(r"https?:", " ".join(policy.values()))


def test_headers_of_a_page(client):
    answer = client.get("/")
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert "no-store" in answer["Cache-Control"]


def test_session_cookie_is_out_of_reach_for_scripts_and_other_sites(ours, owner):
    client = Client()
    client.post("/login/", {"username": owner.username, "password": factories.PASSWORD})
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert int(cookie["max-age"]) == 12 * 3600


def test_session_id_changes_on_signing_in(ours, owner):
    client = Client()
    client.session["planted"] = True
    client.session.save()
    planted = client.session.session_key
    client.post("/login/", {"username": owner.username, "password": factories.PASSWORD})
    assert client.cookies[settings.SESSION_COOKIE_NAME].value != planted


@pytest.mark.parametrize("path", ["/login/", "/project/", "/setting/member/add/", "/account/two-step/", "/logout/"])
def test_forms_from_other_sites_are_refused(ours, owner, path):
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    assert client.post(path, {"username": "x"}).status_code == 403


def test_names_are_shown_as_text_wherever_they_come_from(client, ours, owner):
    evil = "<script>alert(1)</script>"
    queue = factories.QueueFactory(project=ours, name=evil)
    group = factories.GroupFactory(project=ours, name=evil)
    factories.GroupRoutingFactory(project=ours, queue=queue, group=group)
    factories.AgentFactory(project=ours, name=evil, manual_status=evil[:64])
    tree = factories.IvrTreeFactory(project=ours, tree_name=evil)
    tree.root_node = factories.IvrNodeFactory(project=ours, tree=tree, node_name=evil, node_play_content=evil)
    tree.save()
    factories.IvrKeyPressFactory(project=ours, node=tree.root_node, action=2, queue=queue)
    factories.NumberFactory(project=ours, nickname=evil, enable_ivr=True, ivr_tree=tree)
    ours.name = owner.first_name = evil
    ours.save()
    owner.save()
    addresses = [
        *PAGES,
        "/search/?s=script",
        f"/setting/queue/{queue.pk}/change/",
        f"/setting/queue/{queue.pk}/delete/",
        f"/setting/group/{group.pk}/delete/",
        f"/setting/ivrtree/{tree.pk}/change/",
        "/project/?q=<script>alert(1)</script>",
        "/setting/agent/?q=<script>alert(1)</script>",
    ]
    for address in addresses:
        assert "<script>alert" not in client.get(address, follow=True).content.decode(), address


@pytest.mark.parametrize(
    ("path", "status", "heading"),
    [("/nothing/here/", 404, "There is nothing here"), ("/operator/user/", 403, "You may not do this")],
)
def test_refusals_are_pages_that_lead_home(client, path, status, heading):
    answer = client.get(path)
    assert answer.status_code == status
    assert heading in texts(answer)
    assert 'href="/"' in answer.content.decode()


def test_out_of_date_form_is_explained(ours, owner):
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    assert "The form is out of date" in texts(client.post("/project/", {"project": ours.pk}))


def test_page_for_errors_needs_nothing_but_its_template(settings, rf):
    answer = server_error(rf.get("/"))
    assert answer.status_code == 500
    assert "Something went wrong here" in texts(answer)
