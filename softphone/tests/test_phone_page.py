"""The test phone's page and its addresses, without a browser."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from callflow.domain.call import Flow
from calls.domain import CallState
from ivr.domain.step import Position, Pressed
from softphone import phone_access
from softphone.models import PublicPhone
from softphone.pages import phone as page
from softphone.pages.call_path import NO_PATH
from softphone.phone_access import PhoneAccess
from tests import console, factories

CALLER, HOTLINE = "84900000001", "842473082686"


@pytest.fixture(autouse=True)
def _empty_cache(settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "phone"}}


@pytest.fixture
def tree(ours):
    tree = factories.IvrTreeFactory(project=ours, tree_name="Welcome")
    root = factories.IvrNodeFactory(project=ours, tree=tree, node_name="Language")
    sales = factories.IvrNodeFactory(project=ours, tree=tree, node_name="Sales")
    factories.IvrKeyPressFactory(project=ours, tree=tree, node=root, action=4, next_node=sales)
    factories.IvrKeyPressFactory(project=ours, tree=tree, node=sales, node_key="2", action=6)
    tree.root_node = root
    tree.save()
    return tree


@pytest.fixture
def number(ours, tree):
    return factories.NumberFactory(project=ours, number=HOTLINE, nickname="Hotline", enable_ivr=True, ivr_tree=tree)


def config_of(response):
    text = response.content.decode().partition('<script id="config" type="application/json">')[2]
    return json.loads(text.partition("</script>")[0])


def post(client, address, body):
    return client.post(address, json.dumps(body), content_type="application/json")


def access(project, caller=CALLER, issued_by=1, only_number=""):
    return {"HTTP_X_STRINGEE_AUTH": phone_access.issue(PhoneAccess(project.pk, caller, issued_by, only_number))}


# ── The page ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_page_offers_the_projects_numbers_and_says_where_they_lead(ours, theirs, viewer, number):
    factories.NumberFactory(project=theirs)
    facts = config_of(console.sign_in(viewer, ours).get("/phone"))

    assert facts["numbers"] == [
        {
            "digits": HOTLINE,
            "shown": "+84 24 7308 2686",
            "nickname": "Hotline",
            "leads": {"kind": "tree", "name": "Welcome"},
            "link": "",
        }
    ]


def test_page_asks_strangers_to_sign_in(ours):
    response = Client().get("/phone")
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/login/")


def test_page_costs_the_frame_and_one_query_for_numbers(ours, viewer, number, django_assert_num_queries):
    client = console.sign_in(viewer, ours)
    with django_assert_num_queries(5):  # session, user, project with role, second factor; numbers
        client.get("/phone")


# ── Being a telephone ────────────────────────────────────────────────────────────────────────────────────────────────
def test_member_becomes_a_telephone_with_any_number(ours, viewer):
    answer = post(console.sign_in(viewer, ours), "/phone/session", {"caller": "0909 982 888"}).json()

    assert phone_access.read(answer["token"]) == PhoneAccess(ours.pk, "84909982888", issued_by=viewer.pk)
    assert (answer["caller"], answer["shown"]) == ("84909982888", "+84 909 982 888")


@pytest.mark.parametrize("body", [{}, {"caller": 1}, {"caller": ""}, {"caller": "x" * 33}, {"caller": "abc"}])
def test_what_is_no_number_is_refused(ours, viewer, body):
    response = post(console.sign_in(viewer, ours), "/phone/session", body)
    assert response.status_code == 400
    assert "token" not in response.json()


def test_stranger_becomes_no_telephone(ours):
    assert post(Client(), "/phone/session", {"caller": CALLER}).status_code == 302


# ── The way of a call ────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def call_in_menu(ours, tree):
    sales = tree.nodes.get(node_name="Sales")
    menu = Position(node=sales.public_id, steps=2, path=(Pressed("Language", "1"),))
    flow = Flow(tree=tree.public_id, menu=menu).to_json()
    return factories.CallFactory(
        project=ours, from_number=CALLER, customer_number=CALLER, to_number=HOTLINE, state=CallState.IVR, flow=flow
    )


def test_way_shows_what_was_pressed_and_what_can_be_pressed_now(ours, tree, call_in_menu):
    path = Client().get(f"/phone/call/{call_in_menu.call_id}", **access(ours)).json()

    language, sales = tree.nodes.get(node_name="Language").public_id, tree.nodes.get(node_name="Sales").public_id
    assert path["steps"] == [
        {"kind": "call", "name": "+84 24 7308 2686"},
        {"kind": "node", "name": "Language", "pressed": "1"},
        {"kind": "node", "name": "Sales", "keys": [{"key": "2", "leads": "End call"}]},
    ]
    assert path["lit"] == [f"node-{language}", f"key-{language}-1", f"node-{sales}"]
    assert (path["now"], path["over"]) == (f"node-{sales}", False)


def test_way_goes_on_through_queue_and_agent_to_the_end(ours, agent_1, call_in_menu):
    queue = factories.QueueFactory(project=ours, name="Support")
    factories.QueueEntryFactory(project=ours, call=call_in_menu, queue=queue)
    call_in_menu.legs.create(
        project=ours,
        role="agent",
        state="ringing",
        endpoint="web:1_a",
        number="a",
        agent=agent_1,
        started_at="2026-01-01T00:00Z",
    )
    call_in_menu.state = CallState.OFFERED
    call_in_menu.save()

    steps = Client().get(f"/phone/call/{call_in_menu.call_id}", **access(ours)).json()["steps"]
    assert steps[2:] == [{"kind": "queue", "name": "Support"}, {"kind": "ring", "name": "Agent One"}]

    steps = Client().get(f"/phone/call/{call_in_menu.call_id}", **access(ours, issued_by=0)).json()["steps"]
    assert steps[3] == {"kind": "ring", "name": ""}  # strangers are told no names


def test_way_of_a_call_that_rang_here_names_who_called(ours, agent_1):
    call = factories.CallFactory(
        project=ours,
        direction="outbound",
        state=CallState.CONNECTED,
        from_number=HOTLINE,
        to_number=CALLER,
        customer_number=CALLER,
    )
    parties = (
        ("caller", "web:1_agent_1", "agent_1", agent_1),
        ("destination", f"tel:{CALLER}", f"+{CALLER}", None),  # as the agent has dialled it
    )
    for role, endpoint, number, agent in parties:
        call.legs.create(
            project=ours,
            role=role,
            state="answered",
            endpoint=endpoint,
            number=number,
            agent=agent,
            started_at=call.created_at,
            answered_at=call.created_at,
        )
    steps = Client().get(f"/phone/call/{call.call_id}", **access(ours)).json()["steps"]

    assert steps == [{"kind": "called", "name": "+84 24 7308 2686"}, {"kind": "talk", "name": "Agent One"}]


def test_way_of_a_call_that_rings_here_tells_who_calls_and_no_more(ours, agent_1):
    call = factories.CallFactory(
        project=ours,
        direction="outbound",
        state=CallState.DIALING_CUSTOMER,
        from_number=HOTLINE,
        to_number=CALLER,
        customer_number=CALLER,
    )
    call.legs.create(
        project=ours,
        role="caller",
        state="incoming",
        endpoint="web:1_agent_1",
        number="agent_1",
        agent=agent_1,
        started_at=call.created_at,
    )
    steps = Client().get(f"/phone/call/{call.call_id}", **access(ours)).json()["steps"]

    assert steps == [{"kind": "called", "name": "+84 24 7308 2686"}]


def test_way_costs_what_it_costs(ours, call_in_menu, django_assert_num_queries):
    with django_assert_num_queries(6):  # call; tree, its nodes and keys; queues, legs
        Client().get(f"/phone/call/{call_in_menu.call_id}", **access(ours))


def test_other_telephones_and_other_projects_see_nothing_of_a_call(ours, theirs, call_in_menu):
    address = f"/phone/call/{call_in_menu.call_id}"
    assert Client().get(address, **access(theirs)).json() == NO_PATH
    assert Client().get(address, **access(ours, caller="84900000002")).json() == NO_PATH
    assert Client().get(address).status_code == 403
    assert Client().get(address, HTTP_X_STRINGEE_AUTH="phone:x").status_code == 403
    assert Client().post(address, **access(ours)).status_code == 405


def test_picture_of_the_tree_is_for_members(ours, theirs, number):
    address = f"/phone/tree/{HOTLINE}"
    assert "<svg" in Client().get(address, **access(ours)).json()["picture"]
    assert Client().get(address, **access(ours, issued_by=0, only_number=HOTLINE)).json() == {"picture": ""}
    assert Client().get(address, **access(theirs)).status_code == 404


# ── Public links ─────────────────────────────────────────────────────────────────────────────────────────────────────
def test_link_is_off_until_somebody_who_may_switches_it_on(ours, supervisor, number):
    answer = post(console.sign_in(supervisor, ours), "/phone/link", {"number": HOTLINE, "on": True}).json()

    link = PublicPhone.objects.get()
    assert (link.project, link.number) == (ours, number)
    assert answer == {"link": f"http://testserver/phone/to/{link.slug}"}
    assert post(console.sign_in(supervisor, ours), "/phone/link", {"number": HOTLINE, "on": True}).json() == answer


def test_viewer_switches_no_link_on(ours, viewer, number):
    assert post(console.sign_in(viewer, ours), "/phone/link", {"number": HOTLINE, "on": True}).status_code == 404
    assert not PublicPhone.objects.exists()


def test_number_of_another_project_gets_no_link(ours, theirs, supervisor):
    factories.NumberFactory(project=theirs, number=HOTLINE)
    response = post(console.sign_in(supervisor, ours), "/phone/link", {"number": HOTLINE, "on": True})
    assert response.status_code == 404
    assert not PublicPhone.objects.exists()


def test_link_that_was_switched_off_opens_nothing(ours, supervisor, number):
    link = PublicPhone.objects.create(project=ours, number=number)
    post(console.sign_in(supervisor, ours), "/phone/link", {"number": HOTLINE, "on": False})

    assert Client().get(f"/phone/to/{link.slug}").status_code == 404
    assert post(Client(), f"/phone/to/{link.slug}/session", {}).status_code == 404


def test_visitor_becomes_a_telephone_that_may_call_one_number(ours, number):
    link = PublicPhone.objects.create(project=ours, number=number)
    facts = config_of(Client().get(f"/phone/to/{link.slug}"))
    allowed = phone_access.read(post(Client(), f"/phone/to/{link.slug}/session", {}).json()["token"])

    assert [each["digits"] for each in facts["numbers"]] == [HOTLINE]
    assert (allowed.project_id, allowed.only_number, allowed.issued_by) == (ours.pk, HOTLINE, 0)
    assert allowed.caller.startswith("999")
    assert len(allowed.caller) == 12


def test_visits_of_one_address_are_limited(ours, number):
    link = PublicPhone.objects.create(project=ours, number=number)
    address = f"/phone/to/{link.slug}/session"
    answers = [post(Client(), address, {}).status_code for _visit in range(page.VISITS + 1)]

    assert answers == [200] * page.VISITS + [429]
    assert post(Client(REMOTE_ADDR="192.0.2.7"), address, {}).status_code == 200
