"""The console's pages of text messages, and sending them again."""

from __future__ import annotations

import datetime as dt

import pytest

from common import clock
from tests import factories
from tests.console import FRAME_QUERIES, act, page, said, sign_in, texts
from webhooks import services
from webhooks.models import EndpointHealth, Sms
from webhooks.urls import endpoint_of

pytestmark = pytest.mark.django_db

LIST = page("webhooks_sms", "changelist")
LIST_QUERIES = FRAME_QUERIES + 4  # the gateway, resting endpoints, how many match, the rows
NO_GATEWAY = "There is no SMS gateway. Enter its URL in the call settings first."


@pytest.fixture
def gateway(ours):
    ours.call_settings.sms_gateway_url = "https://sms.example/send"
    ours.call_settings.save()


@pytest.fixture
def failed(ours):
    return factories.SmsFactory(
        project=ours, to_number="84909982888", state="failed", failure="timeout", status=None, attempts=5
    )


def state_of(sms):
    return Sms.objects.get(pk=sms.pk).state


# ── The service ──────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("state", ["failed", "no_gateway"])
def test_what_did_not_go_out_is_sent_again(ours, gateway, state):
    now = clock.now()
    sms = factories.SmsFactory(project=ours, state=state, attempts=5)

    services.send_sms_again(sms, now)

    assert (sms.state, sms.attempts, sms.next_attempt_at, sms.finished_at) == ("pending", 0, now, None)
    assert services.due_messages(now, 10) == [sms.pk]


@pytest.mark.parametrize("state", ["sent", "sending", "pending"])
def test_what_was_sent_or_is_on_its_way_stays_as_it_is(ours, gateway, state):
    sms = factories.SmsFactory(project=ours, state=state, next_attempt_at=clock.now(), attempts=2)

    services.send_sms_again(sms, clock.now())

    stored = Sms.objects.get(pk=sms.pk)
    assert (stored.state, stored.attempts) == (state, 2)


def test_without_a_gateway_sending_again_is_refused(failed):
    with pytest.raises(services.NoGateway):
        services.send_sms_again(failed, clock.now())
    assert state_of(failed) == "failed"


def test_what_is_no_number_is_not_sent_again(ours, gateway):
    sms = factories.SmsFactory(project=ours, to_number="anonymous", state="failed", failure="bad_number")

    with pytest.raises(services.NotDialled):
        services.send_sms_again(sms, clock.now())
    assert state_of(sms) == "failed"


# ── The pages ────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_list_says_what_became_of_each(failed, gateway, ours, viewer, django_assert_num_queries):
    factories.SmsFactory.create_batch(10, project=ours)
    client = sign_in(viewer, ours)
    with django_assert_num_queries(LIST_QUERIES):
        shown = client.get(LIST)

    told = texts(shown)
    assert "+84 909 982 888 Thank you for your call. Failed 5 – No answer came in time." in told
    assert "No SMS gateway is configured" not in told


def test_a_message_leads_to_its_call_and_says_when_it_is_tried_again(ours, gateway, viewer):
    call = factories.CallFactory(project=ours)
    soon = clock.now() + dt.timedelta(seconds=30)
    late = {"state": "pending", "attempts": 1, "next_attempt_at": soon, "finished_at": None}
    factories.SmsFactory(project=ours, call=call, to_number="84909982888", **late)

    shown = sign_in(viewer, ours).get(LIST)

    assert "+84 909 982 888 Call Thank you for your call. Is tried again 1" in texts(shown)
    assert f'href="{page("calls_call", "change", call.pk)}"' in shown.content.decode()


def test_of_all_servers_that_are_left_alone_the_gateway_is_told(ours, gateway, viewer):
    soon = clock.now() + dt.timedelta(seconds=30)
    for url in ("https://sms.example/send", "https://crm.example/events"):
        EndpointHealth.objects.create(project=ours, endpoint=endpoint_of(url), state="open", openings=1, until=soon)

    shown = texts(sign_in(viewer, ours).get(LIST))

    assert "A server is left alone for a moment https://sms.example:443/send" in shown
    assert "crm.example" not in shown


def test_a_missing_gateway_is_told_with_the_way_to_the_settings(failed, ours, viewer):
    client = sign_in(viewer, ours)
    for address in (LIST, page("webhooks_sms", "change", failed.pk)):
        shown = client.get(address)
        assert "No SMS gateway is configured" in texts(shown)
        assert page("projects_callsettings", "changelist") in shown.content.decode()


def test_a_message_is_found_by_its_receiver_in_any_spelling(failed, ours, viewer):
    factories.SmsFactory(project=ours)

    shown = sign_in(viewer, ours).get(LIST, {"q": "0909 982 888"})

    assert [each.pk for each in shown.context["cl"].result_list] == [failed.pk]


def test_a_supervisor_sends_a_message_again(failed, gateway, ours, supervisor):
    client = sign_in(supervisor, ours)
    assert "Send again" in texts(client.get(page("webhooks_sms", "change", failed.pk)))

    answer = client.post(page("webhooks_sms", "send_again", failed.pk))

    assert said(answer) == ["The message is sent again in a moment."]
    assert state_of(failed) == "pending"


def test_without_a_gateway_the_page_says_what_to_do(failed, ours, supervisor):
    answer = sign_in(supervisor, ours).post(page("webhooks_sms", "send_again", failed.pk))

    assert said(answer) == [NO_GATEWAY]
    assert state_of(failed) == "failed"


def test_many_are_sent_again_after_a_question(failed, gateway, ours, supervisor):
    sent = factories.SmsFactory(project=ours)
    nowhere = factories.SmsFactory(project=ours, to_number="anonymous", state="failed", failure="bad_number")
    rows = [failed, sent, nowhere]
    client = sign_in(supervisor, ours)

    asked = texts(act(client, "webhooks_sms", "send_again", rows))
    assert "1 row will change" in asked
    assert "1 row is like this already." in asked
    assert "The receiver is not a phone number that can be dialled." in asked

    answer = act(client, "webhooks_sms", "send_again", rows, confirmed="1")
    assert said(answer) == ["1 row changed."]
    assert [state_of(each) for each in rows] == ["pending", "sent", "failed"]


def test_keys_that_are_none_are_not_among_the_chosen_rows(failed, gateway, ours, supervisor):
    values = {"action": "send_again", "_selected_action": ["1", "nonsense", str(failed.pk)], "confirmed": "1"}
    sign_in(supervisor, ours).post(LIST, values)

    assert state_of(failed) == "pending"


def test_viewers_and_others_send_nothing(failed, gateway, ours, theirs, viewer, outsider):
    address = page("webhooks_sms", "send_again", failed.pk)

    assert sign_in(viewer, ours).post(address).status_code == 403
    assert sign_in(outsider, theirs).post(address).status_code == 404
    assert sign_in(outsider, theirs).get(page("webhooks_sms", "change", failed.pk)).status_code == 404
    act(sign_in(outsider, theirs), "webhooks_sms", "send_again", [failed], confirmed="1")
    assert state_of(failed) == "failed"
