"""Whose a token is, what it allows at the door, and why it is refused."""

from __future__ import annotations

import json
from typing import Any

import jwt
import pytest
import time_machine

from projects.models import ApiKey
from projects.verification import TokenAbsent, TokenInvalid, TokenMalformed, UnknownKey
from softphone import identity, listener_access, phone_access
from softphone.identity import MOST_TOPICS, RESUMED_GRACE_S, Identity, PayloadRefused, ProjectNotFound
from softphone.models import PublicPhone
from softphone.phone_access import LIFETIME_S, PhoneAccess
from tests import factories

pytestmark = pytest.mark.django_db
NOW = 1_772_442_000
HOTLINE = "842473082686"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def token(project: Any, **claims: Any) -> str:
    key = ApiKey.objects.get(project=project)
    body = {"iss": key.sid, "exp": NOW + 60, "userId": "lan", "icc_api": True, **claims}
    return jwt.encode(body, key.secret, algorithm="HS256", headers={"cty": "stringee-api;v=1"})


def test_token_of_an_agent(ours):
    who = identity.sign_in(token(ours))
    assert who == Identity(ours.pk, "lan", NOW + 60, ApiKey.objects.get(project=ours).sid, agent=True)
    assert (who.endpoint, who.user_key) == (f"web:{ours.pk}_lan", f"{ours.pk}_lan")
    assert not who.has_ended(NOW + 60)


@pytest.mark.parametrize("claim", [False, None, "true", 1, [True]])
def test_only_the_claim_itself_makes_an_agent(ours, claim):
    assert identity.sign_in(token(ours, icc_api=claim)).agent is False


@pytest.mark.parametrize("user", [None, "", 5, "x" * 65, "a\nb", ["lan"]])
def test_token_without_a_user_is_refused(ours, user):
    with pytest.raises(PayloadRefused):
        identity.sign_in(token(ours, userId=user))


def test_end_may_be_in_milliseconds(ours):
    assert identity.sign_in(token(ours, exp=(NOW + 60) * 1000)).expires_at == NOW + 60


def test_token_that_has_just_ended_is_read_and_says_so(ours, clock):
    text = token(ours)
    clock.shift(RESUMED_GRACE_S)
    assert identity.sign_in(text).has_ended(NOW + RESUMED_GRACE_S)
    clock.shift(200)
    with pytest.raises(TokenInvalid):
        identity.sign_in(text)


def test_no_token_is_told_from_a_bad_one(ours):
    with pytest.raises(TokenAbsent):
        identity.sign_in("")


def test_key_that_was_revoked_opens_nothing(ours):
    text = token(ours)
    ApiKey.objects.filter(project=ours).update(revoked_at="2026-01-01T00:00Z")
    with pytest.raises(UnknownKey):
        identity.sign_in(text)


def test_token_of_an_account_names_no_project(ours):
    account = ours.account
    body = {"iss": account.sid, "exp": NOW + 60, "userId": "lan"}
    text = jwt.encode(body, account.secret, algorithm="HS256", headers={"cty": "stringee-api;v=1"})
    with pytest.raises(ProjectNotFound):
        identity.sign_in(text)


@pytest.mark.parametrize(
    ("claim", "topics"),
    [("a, b,,a", ("a", "b")), ("", ()), (5, ()), (["a"], ()), (",".join(map(str, range(99))), None), ("x" * 65, ())],
)
def test_topics_are_names_with_commas_between_them(ours, claim, topics):
    expected = tuple(map(str, range(MOST_TOPICS))) if topics is None else topics
    assert identity.sign_in(token(ours, subscribe=claim)).topics == expected


LISTED = [{"attribute": "manual_status", "topic": "agents"}, {"attribute": 5, "topic": "x"}, {"topic": "y"}, 7]


@pytest.mark.parametrize(
    ("claim", "published"),
    [
        (LISTED, (("manual_status", "agents"),)),
        (json.dumps(LISTED), (("manual_status", "agents"),)),
        ("[", ()),
        ("[" * 2_000, ()),
        (5, ()),
        ({"attribute": "a"}, ()),
    ],
)
def test_published_attributes_are_a_list_or_a_text_of_one(ours, claim, published):
    assert identity.sign_in(token(ours, attributes=claim)).publishes == published


# ── Telephones ───────────────────────────────────────────────────────────────────────────────────────────────────────
def test_page_that_plays_a_telephone(ours, owner):
    access = PhoneAccess(ours.pk, "84900000012", issued_by=owner.pk)
    who = identity.sign_in(phone_access.issue(access))
    assert who == Identity(ours.pk, "", NOW + LIFETIME_S, phone=access)
    assert who.endpoint == "tel:84900000012"


def test_telephone_without_a_number_rings_nowhere(ours, owner):
    assert identity.sign_in(phone_access.issue(PhoneAccess(ours.pk, "", issued_by=owner.pk))).endpoint == ""


def test_visitor_plays_a_telephone_while_the_link_of_the_number_is_switched_on(ours, theirs):
    link = PublicPhone.objects.create(project=ours, number=factories.NumberFactory(project=ours, number=HOTLINE))
    access = PhoneAccess(ours.pk, "84900000012", only_number=HOTLINE)
    who = identity.sign_in(phone_access.issue(access))
    assert identity.may_stay(who)
    for other in (PhoneAccess(theirs.pk, "849", only_number=HOTLINE), PhoneAccess(ours.pk, "84900000012")):
        with pytest.raises(PayloadRefused):
            identity.sign_in(phone_access.issue(other))
    link.delete()
    assert not identity.may_stay(who)
    with pytest.raises(PayloadRefused):
        identity.sign_in(phone_access.issue(access))


def test_telephone_of_somebody_who_left_the_project_is_refused(ours, owner, outsider):
    text = phone_access.issue(PhoneAccess(ours.pk, "84900000012", issued_by=owner.pk))
    foreign = phone_access.issue(PhoneAccess(ours.pk, "84900000012", issued_by=outsider.pk))
    owner.memberships.all().delete()
    for each in (text, foreign):
        with pytest.raises(PayloadRefused):
            identity.sign_in(each)


def test_operators_may_play_a_telephone_in_every_project(ours):
    operator = factories.UserFactory(is_superuser=True)
    assert identity.sign_in(phone_access.issue(PhoneAccess(ours.pk, "84900000012", issued_by=operator.pk))).phone
    operator.is_active = False
    operator.save()
    with pytest.raises(PayloadRefused):
        identity.sign_in(phone_access.issue(PhoneAccess(ours.pk, "84900000012", issued_by=operator.pk)))


def test_telephone_of_a_project_that_is_gone_is_refused():
    with pytest.raises(ProjectNotFound):
        identity.sign_in(phone_access.issue(PhoneAccess(0, "84900000012")))


def test_text_that_only_looks_like_a_telephones_is_refused():
    with pytest.raises(TokenMalformed):
        identity.sign_in("phone:eyJ9")


def test_whoever_is_in_stays_until_what_let_him_in_is_gone(ours, owner):
    agent = identity.sign_in(token(ours))
    phone = identity.sign_in(phone_access.issue(PhoneAccess(ours.pk, "84900000012", issued_by=owner.pk)))
    assert identity.may_stay(agent)
    assert identity.may_stay(phone)
    ApiKey.objects.filter(project=ours).update(revoked_at="2026-01-01T00:00Z")
    owner.memberships.all().delete()
    assert not identity.may_stay(agent)
    assert not identity.may_stay(phone)


# ── Supervisors who listen ───────────────────────────────────────────────────────────────────────────────────────────
def listening(project, user):
    return listener_access.issue(listener_access.new(project.pk, "call-1", user.pk))


@pytest.mark.parametrize("role", ["owner", "supervisor"])
def test_page_on_which_a_supervisor_listens_is_rung_where_nobody_else_is(ours, request, role):
    user = request.getfixturevalue(role)
    who = identity.sign_in(listening(ours, user))
    assert (who.project_id, who.user, who.agent, who.is_user, who.expires_at) == (
        ours.pk,
        "",
        False,
        False,
        NOW + listener_access.LIFETIME_S,
    )
    assert who.listener is not None
    assert (who.listener.call, who.listener.issued_by) == ("call-1", user.pk)
    assert who.endpoint == f"web:{who.user_key}"
    assert identity.sign_in(listening(ours, user)).endpoint != who.endpoint


def test_no_token_of_a_user_rings_where_a_supervisor_listens(ours, supervisor):
    who = identity.sign_in(listening(ours, supervisor))
    with pytest.raises(PayloadRefused):
        identity.sign_in(token(ours, userId=who.endpoint.partition("_")[2]))


def test_whoever_does_not_supervise_the_project_listens_to_nothing(ours, theirs, viewer, outsider):
    for user in (viewer, outsider):
        with pytest.raises(PayloadRefused):
            identity.sign_in(listening(ours, user))


def test_supervisor_listens_as_long_as_he_is_one(ours, supervisor):
    who = identity.sign_in(listening(ours, supervisor))
    assert identity.may_stay(who)
    supervisor.memberships.update(role="viewer")
    assert not identity.may_stay(who)


def test_access_to_listen_is_none_to_play_a_telephone(ours, supervisor):
    text = listening(ours, supervisor).removeprefix("listener:")
    with pytest.raises(TokenMalformed):
        identity.sign_in(f"phone:{text}")


# ── Pages ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_pages_have_names_of_their_own():
    lan, minh, namesake = Identity(7, "lan", 0.0), Identity(7, "minh", 0.0), Identity(8, "lan", 0.0)
    phones = [Identity(7, "", 0.0, phone=PhoneAccess(7, caller)) for caller in ("84900000012", "84900000013")]
    names = {who.session_of(device, page) for who in (lan, minh, namesake, *phones) for device, page in ("ab", "ba")}
    assert len(names) == 10
    assert lan.session_of("a", "b") == Identity(7, "lan", 99.0, agent=True).session_of("a", "b")
