from __future__ import annotations

import datetime as dt

import pytest

from agents import activity
from agents.models import Agent, GroupMembership, SipAccount
from agents.words import present
from common import clock
from tests import factories
from tests.console import FRAME_QUERIES, act, errors_of, form_values, page, said, sign_in, texts

AGENT = "agents_agent"
LIST_QUERIES = FRAME_QUERIES + 5  # groups and statuses for the filters, count, rows, groups of the rows
NEW = {"name": "Nguyễn Thị Lan", "stringee_user_id": "lan", "routing_type": "1"}


@pytest.fixture
def console(supervisor, ours):
    return sign_in(supervisor, ours)


@pytest.fixture
def sales(ours):
    return factories.GroupFactory(project=ours, name="Sales")


def test_agent_is_created_with_groups_and_sip_account(console, ours, sales):
    values = {**NEW, "groups": [sales.pk], "create_sip": "on", "sip_password": "correct horse"}

    response = console.post(page(AGENT, "add"), values)

    assert response.status_code == 302
    agent = Agent.objects.get()
    assert (agent.project, agent.name, agent.stringee_user_id) == (ours, "Nguyễn Thị Lan", "lan")
    assert list(agent.groups.all()) == [sales]
    account = SipAccount.objects.get()
    assert (account.login, account.password, account.stringee_user_id) == (f"{ours.pk}_lan", "correct horse", "lan")


def test_form_of_a_new_agent_proposes_available(console):
    assert console.get(page(AGENT, "add")).context["adminform"].form["manual_status"].value() == "AVAILABLE"


@pytest.mark.parametrize(
    ("values", "errors"),
    [
        ({"routing_type": "2"}, {"phone_number": ["Write the phone number on which this agent takes calls."]}),
        (
            {"routing_type": "2", "phone_number": "my phone"},
            {
                "phone_number": [
                    "“my phone” is not a phone number. Write 3 to 15 digits, with the country code, e.g. 84909982888."
                ]
            },
        ),
        ({"routing_type": "3"}, {"routing_type": ["Select a valid choice. 3 is not one of the available choices."]}),
        ({"stringee_user_id": "a b"}, {"stringee_user_id": ["A user ID has no spaces and no slashes."]}),
        ({"create_sip": "on"}, {"sip_password": ["Choose a password for the SIP phone account."]}),
        (
            {"sip_password": "correct horse"},
            {"create_sip": ["Switch this on to create an account with the password."]},
        ),
        (
            {"create_sip": "on", "sip_password": "short"},
            {"sip_password": ["Ensure this value has at least 8 characters (it has 5)."]},
        ),
        (
            {"create_sip": "on", "sip_password": "correct horse", "stringee_user_id": "lan@example"},
            {"stringee_user_id": ["For a SIP phone account the user ID must not contain @ or :."]},
        ),
    ],
)
def test_what_does_not_fit_together_is_said_at_its_field(console, values, errors):
    response = console.post(page(AGENT, "add"), {**NEW, **values})
    assert errors_of(response) == errors
    assert not Agent.objects.exists()
    assert not SipAccount.objects.exists()


def test_user_id_that_is_taken_is_refused(console, ours, theirs):
    factories.AgentFactory(project=theirs, stringee_user_id="minh")
    factories.AgentFactory(project=ours, name="Lan", stringee_user_id="lan")
    assert errors_of(console.post(page(AGENT, "add"), NEW)) == {
        "stringee_user_id": ["This is taken already: agent “Lan”."]
    }
    assert console.post(page(AGENT, "add"), {**NEW, "stringee_user_id": "minh"}).status_code == 302


def test_sip_user_name_that_rings_for_somebody_else_is_refused(console, ours):
    factories.SipAccountFactory(project=ours, user_name="lan", stringee_user_id="minh")
    response = console.post(page(AGENT, "add"), {**NEW, "create_sip": "on", "sip_password": "correct horse"})
    assert errors_of(response) == {"create_sip": ["Another SIP account with this user name is there already."]}
    assert SipAccount.objects.get().stringee_user_id == "minh"


def test_group_of_another_project_cannot_be_chosen(console, theirs):
    foreign = factories.GroupFactory(project=theirs, name="Foreign group")
    response = console.post(page(AGENT, "add"), {**NEW, "groups": [foreign.pk]})
    assert list(errors_of(response)) == ["groups"]
    assert "Foreign group" not in texts(response)
    assert not Agent.objects.exists()


@pytest.mark.parametrize(
    ("typed", "stored"), [("available", "AVAILABLE"), (" Lunch with Minh ", "Lunch with Minh"), ("", None)]
)
def test_manual_status_is_free_text_and_available_is_always_spelt_in_capitals(console, ours, typed, stored):
    console.post(page(AGENT, "add"), {**NEW, "manual_status": typed})
    assert Agent.objects.get().manual_status == stored


def test_account_is_shown_and_its_password_never(console, ours, agent_1):
    account = factories.SipAccountFactory(project=ours, user_name="agent_1", stringee_user_id="agent_1")

    response = console.get(page(AGENT, "change", agent_1.pk))

    assert account.login in texts(response)
    assert account.password not in response.content.decode()


def test_sip_password_is_changed_kept_or_the_account_removed(console, ours, agent_1):
    account = factories.SipAccountFactory(project=ours, user_name="agent_1", stringee_user_id="agent_1")
    address = page(AGENT, "change", agent_1.pk)
    values = form_values(console.get(address))

    console.post(address, {**values, "name": "Renamed"})
    account.refresh_from_db()
    assert account.password == "desk-phone-password"

    console.post(address, {**values, "sip_password": "a new password"})
    account.refresh_from_db()
    assert account.password == "a new password"

    response = console.post(address, {**values, "sip_password": "another one", "remove_sip": "on"})
    assert errors_of(response) == {"remove_sip": ["Either give a new password or remove the account."]}

    console.post(address, {**values, "remove_sip": "on"})
    assert not SipAccount.objects.exists()


def test_renamed_user_id_keeps_the_sip_account(console, ours, agent_1):
    account = factories.SipAccountFactory(project=ours, user_name="agent_1", stringee_user_id="agent_1")
    address = page(AGENT, "change", agent_1.pk)

    console.post(address, {**form_values(console.get(address)), "stringee_user_id": "lan"})

    account.refresh_from_db()
    assert account.login.endswith("_agent_1")
    assert account.stringee_user_id == "lan"


def test_new_user_id_for_which_a_phone_rings_already_and_a_new_password_together(console, ours, agent_1):
    own = factories.SipAccountFactory(project=ours, user_name="agent_1", stringee_user_id="agent_1")
    other = factories.SipAccountFactory(project=ours, user_name="desk", stringee_user_id="lan")
    address = page(AGENT, "change", agent_1.pk)
    values = {**form_values(console.get(address)), "stringee_user_id": "lan", "sip_password": "a new password"}

    assert console.post(address, values).status_code == 302

    own.refresh_from_db()
    other.refresh_from_db()
    assert (own.stringee_user_id, own.password) == ("lan", "a new password")
    assert other.password == "desk-phone-password"


def test_groups_of_an_agent_are_changed(console, ours, agent_1, sales):
    support = factories.GroupFactory(project=ours)
    factories.GroupMembershipFactory(project=ours, agent=agent_1, group=sales)
    address = page(AGENT, "change", agent_1.pk)

    console.post(address, {**form_values(console.get(address)), "groups": [support.pk]})

    assert list(agent_1.groups.all()) == [support]


def test_deleting_an_agent_shows_and_takes_along_the_sip_account(console, ours, agent_1, sales):
    factories.GroupMembershipFactory(project=ours, agent=agent_1, group=sales)
    account = factories.SipAccountFactory(project=ours, user_name="desk", stringee_user_id="agent_1")
    address = page(AGENT, "delete", agent_1.pk)

    shown = texts(console.get(address))
    assert account.login in shown
    assert "Sales" in shown
    assert Agent.objects.exists()

    console.post(address, {"post": "yes"})
    assert not Agent.objects.exists()
    assert not SipAccount.objects.exists()
    assert not GroupMembership.objects.exists()


@pytest.mark.parametrize("search", ["lan", "LAN", "0909982888", "+84 909 982 888", "84909982888"])
def test_agent_is_found_by_name_user_id_and_phone_in_any_spelling(console, ours, search):
    factories.AgentFactory(project=ours, name="Minh", stringee_user_id="minh", phone_number="84911111111")
    wanted = factories.AgentFactory(project=ours, name="Lan", stringee_user_id="u1", phone_number="+84 909.982.888")
    assert list(console.get(page(AGENT, "changelist"), {"q": search}).context["cl"].result_list) == [wanted]


def test_agent_with_a_national_phone_number_is_found_by_the_international_one(console, ours):
    wanted = factories.AgentFactory(project=ours, phone_number="0909 982 888")
    found = console.get(page(AGENT, "changelist"), {"q": "+84909982888"}).context["cl"].result_list
    assert list(found) == [wanted]


def test_agents_are_filtered(console, ours, theirs, agent_1, agent_2, sales):
    factories.AgentFactory(project=theirs, manual_status="SECRET STATUS")
    factories.GroupFactory(project=theirs, name="Foreign group")
    factories.GroupMembershipFactory(project=ours, agent=agent_1, group=sales)
    factories.SipAccountFactory(project=ours, stringee_user_id="agent_1")
    Agent.objects.filter(pk=agent_1.pk).update(manual_status="AVAILABLE", routing_type=2, phone_number="84909982888")

    def found(**filters):
        return list(console.get(page(AGENT, "changelist"), filters).context["cl"].result_list)

    assert found(groups__id__exact=sales.pk) == [agent_1]
    assert found(manual_status="AVAILABLE") == [agent_1]
    assert found(manual_status="-") == [agent_2]
    assert found(routing_type__exact=2) == [agent_1]
    assert found(sip="1") == [agent_1]
    assert found(sip="0") == [agent_2]
    shown = texts(console.get(page(AGENT, "changelist")))
    assert "SECRET STATUS" not in shown
    assert "Foreign group" not in shown


def test_list_shows_status_groups_and_devices(console, ours, agent_1, sales):
    Agent.objects.filter(pk=agent_1.pk).update(manual_status="LUNCH BREAK", routing_type=2, phone_number="84909982888")
    factories.GroupMembershipFactory(project=ours, agent=agent_1, group=sales)
    factories.SipAccountFactory(project=ours, stringee_user_id="agent_1")

    shown = texts(console.get(page(AGENT, "changelist")))

    assert "Agent One agent_1 LUNCH BREAK Offline – Phone +84 909 982 888 Sales Offline · SIP account" in shown


def test_list_costs_the_same_for_any_number_of_agents(console, ours, sales, django_assert_num_queries):
    for _ in range(30):
        agent = factories.AgentFactory(project=ours)
        factories.GroupMembershipFactory(project=ours, agent=agent, group=sales)
    with django_assert_num_queries(LIST_QUERIES):
        assert console.get(page(AGENT, "changelist")).status_code == 200


def test_agents_are_put_into_and_taken_out_of_a_group(console, ours, agent_1, agent_2, sales):
    factories.GroupMembershipFactory(project=ours, agent=agent_1, group=sales)

    shown = act(console, AGENT, "add_to_group", [agent_1, agent_2], asked="1", **{"with-group": sales.pk})
    assert [plan.row for plan in shown.context["plans"]] == [agent_2]
    assert [plan.row for plan in shown.context["unchanged"]] == [agent_1]
    assert sales.agents.count() == 1

    response = act(console, AGENT, "add_to_group", [agent_1, agent_2], confirmed="1", **{"with-group": sales.pk})
    assert said(response) == ["1 row changed."]
    assert set(sales.agents.all()) == {agent_1, agent_2}

    act(console, AGENT, "remove_from_group", [agent_1], confirmed="1", **{"with-group": sales.pk})
    assert list(sales.agents.all()) == [agent_2]


def test_manual_status_of_many_agents_is_set(console, agent_1, agent_2):
    act(console, AGENT, "set_manual_status", [agent_1, agent_2], confirmed="1", **{"with-manual_status": "lunch break"})
    assert set(Agent.objects.values_list("manual_status", flat=True)) == {"lunch break"}


def test_agents_without_a_phone_number_are_left_out_of_phone_calls(console, ours, agent_1):
    with_phone = factories.AgentFactory(project=ours, phone_number="84909982888")

    shown = act(console, AGENT, "set_routing_type", [agent_1, with_phone], asked="1", **{"with-routing_type": "2"})
    assert [(plan.row, plan.refused) for plan in shown.context["refused"]] == [
        (agent_1, "This agent has no phone number.")
    ]

    act(console, AGENT, "set_routing_type", [agent_1, with_phone], confirmed="1", **{"with-routing_type": "2"})
    assert Agent.objects.get(routing_type=2).pk == with_phone.pk


def test_link_to_the_token_tool_carries_the_user_id(console, agent_1):
    response = console.get(f"{page(AGENT, 'change', agent_1.pk).removesuffix('change/')}token/")
    assert response.status_code == 302
    assert "agent_1" in response["Location"]


def test_viewer_reads_an_agent_and_changes_nothing(viewer, ours, agent_1, sales):
    console = sign_in(viewer, ours)
    factories.SipAccountFactory(project=ours, user_name="agent_1", stringee_user_id="agent_1")
    support = factories.GroupFactory(project=ours, name="Support")
    factories.GroupMembershipFactory(project=ours, agent=agent_1, group=support)

    response = console.get(page(AGENT, "change", agent_1.pk))
    assert response.status_code == 200
    assert f"SIP phone account {ours.pk}_agent_1 Groups Groups Support" in texts(response)
    assert console.post(page(AGENT, "change", agent_1.pk), {**NEW, "groups": [sales.pk]}).status_code == 403
    agent_1.refresh_from_db()
    assert agent_1.name == "Agent One"
    assert [group.name for group in agent_1.groups.all()] == ["Support"]


# ── What agents do now ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def set_aside(ours):
    """An agent who missed three calls in a row ten minutes ago."""
    agent = factories.FreeAgentFactory(project=ours, name="Lan")
    at = clock.now() - dt.timedelta(minutes=10)
    Agent.objects.filter(pk=agent.pk).update(set_aside_at=at, missed_in_a_row=3, free_since=None)
    return agent


@pytest.fixture
def resting(ours):
    """An agent in wrap-up of a call."""
    agent = factories.FreeAgentFactory(project=ours, name="Minh")
    now = clock.now() - dt.timedelta(minutes=1)
    activity.reserve([agent.pk], "call-1", now)
    activity.answered(agent.pk, "call-1", now)
    activity.released(agent.pk, "call-1", now, wrap_up_s=600)
    return agent


def steer(agent, name):
    return page(AGENT, "change", agent.pk).removesuffix("change/") + f"{name}/"


def test_list_shows_what_agents_do_for_how_long_and_with_which_call(console, ours, set_aside, resting):
    talking = factories.AgentFactory(project=ours, name="An", routing_type=2, phone_number="84909982881")
    activity.called_out(talking.pk, "call-2", clock.now() - dt.timedelta(minutes=5))
    Agent.objects.create(project=ours, name="Binh", stringee_user_id="binh")
    Agent.objects.filter(name="Binh").update(system_status=0)

    shown = texts(console.get(page(AGENT, "changelist")))

    assert "Set aside 10:0" in shown
    assert "Wrap-up 1:0" in shown
    assert "In a call 5:0" in shown
    assert "call-2" in shown
    assert "In a call, says a program 0 s" in shown


def test_call_of_an_agent_is_named_by_its_customer_and_opened_by_a_click(console, ours, theirs, agent_1):
    factories.CallFactory(project=theirs, call_id="call-x", customer_number="84911111111")
    call = factories.CallFactory(project=ours, call_id="call-1", customer_number="84909982888")
    activity.called_out(agent_1.pk, "call-1", clock.now())

    for shown in (console.get(page(AGENT, "changelist")), console.get(page(AGENT, "change", agent_1.pk))):
        cell = f'<a class="text-link underline" href="{page("calls_call", "change", call.pk)}"'
        assert f'{cell}><span class="pcc-number">+84 909 982 888</span></a>' in shown.content.decode()


def test_agents_whom_nobody_can_ring_are_offline_and_not_idle(console, ours):
    factories.FreeAgentFactory(project=ours, name="Here")
    Agent.objects.create(project=ours, name="Gone", stringee_user_id="gone")

    listed = console.get(page(AGENT, "changelist"))

    assert {agent.name: present(agent).key for agent in listed.context["cl"].result_list} == {
        "Here": "idle",
        "Gone": "offline",
    }
    assert "Offline –" in texts(listed)


@pytest.mark.parametrize(
    ("value", "names"),
    [("set_aside", ["Lan"]), ("wrap_up", ["Minh"]), ("idle", ["Free"]), ("offline", ["Gone"])],
)
def test_agents_are_filtered_by_what_they_do(console, ours, set_aside, resting, value, names):
    factories.FreeAgentFactory(project=ours, name="Free")
    Agent.objects.create(project=ours, name="Gone", stringee_user_id="gone")
    found = console.get(page(AGENT, "changelist"), {"now": value}).context["cl"].result_list
    assert [agent.name for agent in found] == names


def test_one_click_lets_calls_come_again(console, set_aside):
    shown = texts(console.get(page(AGENT, "change", set_aside.pk)))
    assert "Now: Set aside" in shown
    assert "3 calls in a row were missed." in shown
    assert "Let calls come again" in shown
    assert "End wrap-up" not in shown

    response = console.post(steer(set_aside, "return"))

    assert (response.status_code, response["Location"]) == (302, page(AGENT, "change", set_aside.pk))
    assert said(response) == ["Calls come to Lan again."]
    set_aside.refresh_from_db()
    assert (set_aside.set_aside_at, set_aside.missed_in_a_row) == (None, 0)
    assert set_aside.free_since is not None
    assert "Let calls come again" not in texts(console.get(page(AGENT, "change", set_aside.pk)))
    assert said(console.post(steer(set_aside, "return"))) == ["Nothing to do: this has changed in the meantime."]


def test_one_click_ends_a_wrap_up(console, resting):
    shown = texts(console.get(page(AGENT, "change", resting.pk)))
    assert "Now: Wrap-up" in shown
    assert "End wrap-up" in shown

    response = console.post(steer(resting, "end-wrap-up"))

    assert said(response) == ["The wrap-up of Minh is over."]
    resting.refresh_from_db()
    assert (resting.activity, resting.system_status) == ("idle", 1)


def test_page_says_which_call_occupies_an_agent(console, agent_1):
    activity.called_out(agent_1.pk, "call-vn-1-ABCDEF-1", clock.now())
    shown = texts(console.get(page(AGENT, "change", agent_1.pk)))
    assert "Now: In a call" in shown
    assert "Call: call-vn-1-ABCDEF-1" in shown


@pytest.mark.parametrize("name", ["return", "end-wrap-up"])
def test_looking_at_a_button_s_address_changes_nothing(console, set_aside, name):
    assert console.get(steer(set_aside, name)).status_code == 405
    set_aside.refresh_from_db()
    assert set_aside.set_aside_at is not None


@pytest.mark.parametrize("name", ["return", "end-wrap-up"])
def test_viewers_steer_nobody(viewer, ours, set_aside, resting, name):
    console = sign_in(viewer, ours)
    shown = texts(console.get(page(AGENT, "change", set_aside.pk)))
    assert "Now: Set aside" in shown
    assert "Let calls come again" not in shown
    for agent in (set_aside, resting):
        assert console.post(steer(agent, name)).status_code == 403
    assert list(Agent.objects.filter(set_aside_at__isnull=False)) == [set_aside]
    assert list(Agent.objects.filter(activity="wrap_up")) == [resting]


@pytest.mark.parametrize("name", ["return", "end-wrap-up"])
def test_agents_of_another_project_are_not_there(outsider, theirs, set_aside, name):
    assert sign_in(outsider, theirs).post(steer(set_aside, name)).status_code == 404
    set_aside.refresh_from_db()
    assert set_aside.set_aside_at is not None


def test_many_are_returned_and_ended_at_once(console, set_aside, resting, agent_1):
    shown = act(console, AGENT, "return_agents", [set_aside, resting, agent_1])
    assert [plan.row for plan in shown.context["plans"]] == [set_aside]
    assert said(act(console, AGENT, "return_agents", [set_aside, agent_1], confirmed="1")) == ["1 row changed."]
    act(console, AGENT, "end_wrap_ups", [set_aside, resting], confirmed="1")
    assert not Agent.objects.filter(set_aside_at__isnull=False).exists()
    assert not Agent.objects.filter(activity="wrap_up").exists()


def test_status_that_is_set_for_many_takes_effect_at_once(console, ours):
    agent = factories.FreeAgentFactory(project=ours)
    act(console, AGENT, "set_manual_status", [agent], confirmed="1", **{"with-manual_status": "LUNCH BREAK"})
    agent.refresh_from_db()
    assert (agent.manual_status, agent.free_since) == ("LUNCH BREAK", None)
