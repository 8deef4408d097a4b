"""The console's pages of event deliveries."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from common import clock
from tests import factories
from tests.console import FRAME_QUERIES, act, page, said, sign_in, texts
from webhooks import services
from webhooks.models import Delivery, DisabledUrl, EndpointHealth
from webhooks.selectors import url_key

pytestmark = pytest.mark.django_db

LIST = page("webhooks_delivery", "changelist")
# Disabled URLs, resting endpoints, whether others can be chosen (endpoints), how many match, the rows.
LIST_QUERIES = FRAME_QUERIES + 5
PAGE_QUERIES = FRAME_QUERIES + 5  # the delivery, its call, its attempts, disabled URLs, resting endpoints
URL = "https://crm.example/hook"


@pytest.fixture
def call(ours):
    return factories.CallFactory(project=ours, customer_number="84909982888")


@pytest.fixture
def given_up(ours, call):
    now = clock.now()
    body = json.dumps({"call_status": "answered", "call_id": call.call_id})
    delivery = factories.DeliveryFactory(
        project=ours,
        call=call,
        serial=3,
        body=body,
        state="given_up",
        attempts=12,
        next_attempt_at=None,
        finished_at=now,
        first_attempt_at=now,
    )
    factories.AttemptFactory(project=ours, delivery=delivery, status=500, failure="status", answer="<h1>Oops</h1>")
    factories.AttemptFactory(
        project=ours, delivery=delivery, status=None, failure="timeout", detail="No byte came in 5 s."
    )
    return delivery


@pytest.fixture
def disabled(ours):
    return DisabledUrl.objects.create(project=ours, url=URL, url_key=url_key(URL), disabled_at=clock.now())


def open_page(client, delivery):
    return client.get(page("webhooks_delivery", "change", delivery.pk))


# ── Looking ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_the_list_says_what_goes_where_and_how_it_is(given_up, ours, viewer, django_assert_num_queries):
    client = sign_in(viewer, ours)
    with django_assert_num_queries(LIST_QUERIES):
        shown = client.get(LIST)

    assert "Call event answered +84 909 982 888 https://crm.example:443 Given up 12 –" in texts(shown)


def test_what_failed_and_is_tried_again_does_not_look_like_what_is_new(ours, call, viewer):
    factories.DeliveryFactory(project=ours, call=call, state="pending", attempts=2)

    shown = sign_in(viewer, ours).get(LIST)

    assert "Is tried again 2" in texts(shown)


def test_the_number_of_queries_does_not_grow_with_the_list(ours, call, viewer, django_assert_num_queries):
    factories.DeliveryFactory.create_batch(20, project=ours, call=call)
    client = sign_in(viewer, ours)
    with django_assert_num_queries(LIST_QUERIES):
        client.get(LIST)


@pytest.mark.parametrize("found_by", ["event_id", "call"])
def test_a_delivery_is_found_by_its_event_id_and_by_its_call(given_up, call, ours, viewer, found_by):
    factories.DeliveryFactory(project=ours)
    term = given_up.event_id if found_by == "event_id" else call.call_id

    shown = sign_in(viewer, ours).get(LIST, {"q": term})

    assert list(shown.context["cl"].result_list) == [given_up]


@pytest.mark.parametrize(
    "asked",
    [
        {"state__exact": "given_up"},
        {"kind__exact": "recording"},
        {"endpoint": "https://other.example:443"},
        {"period": "today"},
    ],
)
def test_the_list_is_narrowed_by_state_kind_endpoint_and_day(ours, viewer, asked):
    long_ago = clock.now() - dt.timedelta(days=40)
    factories.DeliveryFactory(project=ours, created_at=long_ago)
    wanted = factories.DeliveryFactory(
        project=ours, state="given_up", next_attempt_at=None, kind="recording", endpoint="https://other.example:443"
    )

    shown = sign_in(viewer, ours).get(LIST, asked)

    assert list(shown.context["cl"].result_list) == [wanted]


def test_endpoints_of_another_project_are_no_choice(ours, theirs, viewer):
    factories.DeliveryFactory(project=theirs, endpoint="https://theirs.example:443")
    factories.DeliveryFactory(project=ours)

    assert "theirs.example" not in sign_in(viewer, ours).get(LIST).content.decode()


def test_the_page_shows_the_body_and_every_attempt_in_words(given_up, ours, viewer, django_assert_num_queries):
    client = sign_in(viewer, ours)
    with django_assert_num_queries(PAGE_QUERIES):
        shown = open_page(client, given_up)

    assert '"call_status": "answered"' in shown.context["body"]
    told = texts(shown)
    assert "The server answered HTTP 500; a success is 200 to 299." in told
    assert "No answer came in time. No byte came in 5 s." in told
    assert "&lt;h1&gt;Oops&lt;/h1&gt;" in shown.content.decode()
    assert "X-STRINGEE-SIGNATURE" in told
    assert "Send again" not in told
    assert "Signing secret" not in told  # for owners only


def test_a_body_that_is_no_json_is_shown_as_it_is(ours, viewer):
    delivery = factories.DeliveryFactory(project=ours, body="<b>no JSON</b>")

    shown = open_page(sign_in(viewer, ours), delivery)

    assert shown.context["body"] == "<b>no JSON</b>"
    assert "<b>no JSON" not in shown.content.decode()


def test_a_delivery_of_another_project_does_not_exist(ours, theirs, owner):
    theirs_one = factories.DeliveryFactory(project=theirs, event_id="THEIRS0001-1772442000000")
    client = sign_in(owner, ours)

    assert open_page(client, theirs_one).status_code == 404
    assert client.post(page("webhooks_delivery", "send_again", theirs_one.pk)).status_code == 404
    assert "THEIRS0001" not in client.get(LIST).content.decode()


# ── Sending again ────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_supervisor_sends_a_delivery_again(given_up, ours, supervisor):
    client = sign_in(supervisor, ours)
    assert "Send again" in texts(open_page(client, given_up))

    answer = client.post(page("webhooks_delivery", "send_again", given_up.pk))

    assert said(answer) == ["The event is sent again in a moment."]
    given_up.refresh_from_db()
    assert (given_up.state, given_up.attempts, given_up.finished_at) == ("pending", 0, None)
    assert services.due_deliveries(clock.now(), 10) == [given_up.pk]


@pytest.mark.parametrize("method", ["get", "post"])
def test_viewers_send_nothing_and_looking_sends_nothing(given_up, ours, viewer, supervisor, method):
    user = viewer if method == "post" else supervisor
    answer = getattr(sign_in(user, ours), method)(page("webhooks_delivery", "send_again", given_up.pk))

    assert answer.status_code == (403 if method == "post" else 405)
    given_up.refresh_from_db()
    assert given_up.state == "given_up"


def test_many_are_sent_again_after_a_question(given_up, ours, supervisor):
    on_its_way = factories.DeliveryFactory(project=ours, state="sending", next_attempt_at=None, claimed_at=clock.now())
    client = sign_in(supervisor, ours)

    asked = act(client, "webhooks_delivery", "send_again", [given_up, on_its_way])

    assert "1 row will change" in texts(asked)
    assert "1 row is like this already." in texts(asked)
    assert Delivery.objects.get(pk=given_up.pk).state == "given_up"

    answer = act(client, "webhooks_delivery", "send_again", [given_up, on_its_way], confirmed="1")

    assert said(answer) == ["1 row changed."]
    assert Delivery.objects.get(pk=given_up.pk).state == "pending"
    assert Delivery.objects.get(pk=on_its_way.pk).state == "sending"


def test_viewers_have_no_bulk_action(given_up, ours, viewer):
    act(sign_in(viewer, ours), "webhooks_delivery", "send_again", [given_up], confirmed="1")

    assert Delivery.objects.get(pk=given_up.pk).state == "given_up"


# ── What gets nothing at present ─────────────────────────────────────────────────────────────────────────────────────
def test_a_disabled_url_is_told_and_enabled_again(given_up, disabled, ours, supervisor):
    client = sign_in(supervisor, ours)
    for shown in (client.get(LIST), open_page(client, given_up)):
        assert "A URL gets no events any more" in texts(shown)
        assert "Enable again" in texts(shown)

    refused = client.post(page("webhooks_delivery", "send_again", given_up.pk))
    assert said(refused) == ["This URL has said that it wants no more events. Enable it first."]

    answer = client.post(page("webhooks_delivery", "enable_url", disabled.pk))

    assert said(answer)[-1] == f"{URL} gets events again. Those of the meantime can be sent again from here."
    assert not DisabledUrl.objects.exists()


def test_rows_of_a_disabled_url_are_left_out_of_a_bulk_action(given_up, disabled, ours, supervisor):
    other = factories.DeliveryFactory(
        project=ours, url="https://other.example/", state="disabled", next_attempt_at=None
    )
    client = sign_in(supervisor, ours)

    asked = act(client, "webhooks_delivery", "send_again", [given_up, other])
    assert "Left as they are" in texts(asked)
    act(client, "webhooks_delivery", "send_again", [given_up, other], confirmed="1")

    assert [Delivery.objects.get(pk=each.pk).state for each in (given_up, other)] == ["given_up", "pending"]


def test_viewers_and_others_enable_nothing(disabled, ours, theirs, viewer, outsider):
    address = page("webhooks_delivery", "enable_url", disabled.pk)

    assert "Enable again" not in texts(sign_in(viewer, ours).get(LIST))
    assert sign_in(viewer, ours).post(address).status_code == 403
    assert sign_in(outsider, theirs).post(address).status_code == 404
    assert DisabledUrl.objects.get() == disabled


def test_a_server_that_is_left_alone_is_told_until_its_pause_is_over(given_up, ours, theirs, viewer):
    soon = clock.now() + dt.timedelta(seconds=30)
    row = EndpointHealth.objects.create(project=ours, endpoint=given_up.endpoint, state="open", openings=1, until=soon)
    EndpointHealth.objects.create(project=theirs, endpoint="https://secret.example:443", state="open", until=soon)
    client = sign_in(viewer, ours)

    for shown in (client.get(LIST), open_page(client, given_up)):
        assert "A server is left alone for a moment https://crm.example:443/hook" in texts(shown)
        assert "secret.example" not in texts(shown)

    other = EndpointHealth.objects.create(project=ours, endpoint="https://a.example:443", state="open", until=soon)
    told = texts(client.get(LIST))
    assert "Some servers are left alone for a moment https://a.example:443 · until" in told
    assert "https://crm.example:443/hook · until" in told

    other.delete()
    row.until = clock.now() - dt.timedelta(seconds=1)
    row.save()
    assert "left alone" not in texts(client.get(LIST))
