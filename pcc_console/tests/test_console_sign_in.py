"""Signing in: password, code, throttling; who may enter, and where one lands."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.contrib.auth.models import AnonymousUser
from django.test import Client
from django_otp.oath import TOTP

from projects import two_step
from tests import factories
from tests.console import sign_in, texts

LOGIN = "/login/"
CODE = "/login/code/"


def enter(client, user, password=factories.PASSWORD, **more):
    return client.post(LOGIN, {"username": user.username, "password": password, **more})


def code_of(user, at: dt.datetime | None = None) -> str:
    device = two_step.begin(user) if not two_step.is_on(user) else user.totpdevice_set.get()
    totp = TOTP(device.bin_key, device.step, device.t0, device.digits)
    totp.time = (at or dt.datetime.now(dt.UTC)).timestamp()
    return f"{totp.token():06d}"


def wrong_code_of(user) -> str:
    """No code of these minutes: "000000" may be one."""
    near = {code_of(user, dt.datetime.now(dt.UTC) + dt.timedelta(seconds=30 * step)) for step in range(-4, 5)}
    return next(each for each in ("000000", "111111", "222222") if each not in near)


@pytest.fixture
def with_two_step(owner):
    """The owner, who signs in with a code; returned with the recovery codes."""
    codes = two_step.switch_on(owner, code_of(owner))
    # The code of this half minute is used up: the next sign-in needs the next one.
    return owner, codes


def is_signed_in(client):
    return client.get("/account/").status_code == 200


def test_member_without_any_staff_flag_enters(client, ours):
    user = factories.MemberFactory(project=ours, user__is_staff=False).user
    assert enter(client, user)["Location"] == "/"
    assert is_signed_in(client)


def test_inactive_user_does_not_enter_and_is_out_at_once(client, owner):
    owner.is_active = False
    owner.save()
    assert enter(client, owner).status_code == 200
    assert not is_signed_in(client)
    client.force_login(owner)
    assert not is_signed_in(client)


@pytest.mark.parametrize("wanted", ["/setting/member/", "/setting/history/?q=a&kind=projects.member"])
def test_sign_in_leads_where_one_was_going(client, owner, wanted):
    assert enter(client, owner, next=wanted)["Location"] == wanted


@pytest.mark.parametrize(
    "wanted", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example"]
)
def test_sign_in_never_leads_to_another_host(client, owner, wanted):
    assert enter(client, owner, next=wanted)["Location"] == "/"


def test_signed_in_user_is_not_asked_again(owner, ours):
    assert sign_in(owner, ours).get(LOGIN)["Location"] == "/"


def test_sign_in_page_does_not_say_whether_a_user_exists(client, owner):
    unknown = client.post(LOGIN, {"username": "nobody", "password": "wrong wrong wrong"})
    known = enter(client, owner, password="wrong wrong wrong")
    assert unknown.context["form"].non_field_errors() == known.context["form"].non_field_errors()


def test_fifth_failure_locks_even_the_right_password_out(client, owner):
    answers = [enter(client, owner, password="wrong wrong wrong") for _attempt in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 429]
    assert answers[-1]["Retry-After"] == "900"
    assert "Wait 15 minutes, then try again." in texts(answers[-1])
    assert enter(client, owner).status_code == 429
    assert not is_signed_in(client)


def test_lock_ends_after_fifteen_minutes(client, owner):
    for _attempt in range(5):
        enter(client, owner, password="wrong wrong wrong")
    with time_machine.travel(dt.datetime.now(dt.UTC) + dt.timedelta(minutes=15, seconds=1)):
        assert enter(client, owner)["Location"] == "/"


def test_lock_of_one_user_is_not_a_lock_of_another(client, owner, viewer):
    for _attempt in range(5):
        enter(client, owner, password="wrong wrong wrong")
    assert enter(client, viewer)["Location"] == "/"


def test_operator_unlocks_a_user(client, owner, admin_user):
    for _attempt in range(5):
        enter(client, owner, password="wrong wrong wrong")
    answer = sign_in(admin_user).post(f"/operator/user/{owner.pk}/unlock/")
    assert answer["Location"] == f"/operator/user/{owner.pk}/change/"
    assert enter(client, owner)["Location"] == "/"


def test_password_alone_is_not_enough_with_two_step_sign_in(client, with_two_step):
    user, _codes = with_two_step
    assert enter(client, user)["Location"] == CODE
    assert not is_signed_in(client)
    assert client.get("/")["Location"].startswith(LOGIN)


def test_next_code_signs_in_and_leads_on(client, with_two_step):
    user, _codes = with_two_step
    later = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=30)
    with time_machine.travel(later):
        enter(client, user, next="/setting/member/")
        answer = client.post(CODE, {"code": code_of(user, later)})
        assert answer["Location"] == "/setting/member/"
        assert is_signed_in(client)


def test_used_code_is_refused(client, owner):
    used = code_of(owner)
    assert two_step.switch_on(owner, used)
    enter(client, owner)
    answer = client.post(CODE, {"code": used})
    assert "This code is not right" in texts(answer)
    assert not is_signed_in(client)


def test_recovery_code_works_once(client, with_two_step):
    user, codes = with_two_step
    enter(client, user)
    assert client.post(CODE, {"code": f" {codes[0].upper()} "})["Location"] == "/"
    assert two_step.recovery_codes_left(user) == 9
    again = Client()
    enter(again, user)
    assert again.post(CODE, {"code": codes[0]}).status_code == 200
    assert not is_signed_in(again)


def test_wrong_codes_lock_like_wrong_passwords(client, with_two_step):
    user, _codes = with_two_step
    enter(client, user)
    wrong = wrong_code_of(user)
    statuses = [client.post(CODE, {"code": wrong}).status_code for _attempt in range(5)]
    assert statuses == [200, 200, 200, 200, 429]
    assert enter(Client(), user).status_code == 429


def test_code_page_is_closed_to_whoever_has_not_given_the_password(client, with_two_step):
    user, codes = with_two_step
    assert client.get(CODE)["Location"] == LOGIN
    assert client.post(CODE, {"code": codes[0]})["Location"] == LOGIN
    assert two_step.recovery_codes_left(user) == 10


def test_code_must_come_within_five_minutes(client, with_two_step):
    user, codes = with_two_step
    enter(client, user)
    with time_machine.travel(dt.datetime.now(dt.UTC) + dt.timedelta(minutes=5, seconds=1)):
        assert client.post(CODE, {"code": codes[0]})["Location"] == LOGIN


def test_user_made_inactive_between_the_steps_does_not_enter(client, with_two_step):
    user, codes = with_two_step
    enter(client, user)
    user.is_active = False
    user.save()
    assert client.post(CODE, {"code": codes[0]})["Location"] == LOGIN


def test_session_from_before_two_step_sign_in_needs_the_code_too(owner, ours):
    elsewhere = sign_in(owner, ours)
    assert is_signed_in(elsewhere)
    two_step.switch_on(owner, code_of(owner))
    assert not is_signed_in(elsewhere)
    assert "the sign-in is not complete" in texts(elsewhere.get(LOGIN))


def test_two_step_sign_in_is_set_up_in_the_account(owner, ours):
    client = sign_in(owner, ours)
    page = client.get("/account/two-step/")
    assert "<svg" in page.content.decode()
    wrong = client.post("/account/two-step/", {"code": wrong_code_of(owner)})
    assert "This code is not right" in texts(wrong)
    assert not two_step.is_on(owner)
    with time_machine.travel(dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1)):
        answer = client.post("/account/two-step/", {"code": code_of(owner)})
    assert len(answer.context["codes_text"].split()) == 10
    assert two_step.is_on(owner)
    assert is_signed_in(client)


@pytest.mark.parametrize("path", ["/account/two-step/", "/account/two-step/codes/"])
def test_weakening_the_account_needs_the_password(client, with_two_step, path):
    user, codes = with_two_step
    enter(client, user)
    client.post(CODE, {"code": codes[0]})
    assert "This is not your password." in texts(client.post(path, {"password": "wrong wrong wrong"}))
    assert two_step.is_on(user)
    assert two_step.recovery_codes_left(user) == 9


def test_two_step_sign_in_is_switched_off_with_the_password(client, with_two_step):
    user, codes = with_two_step
    enter(client, user)
    client.post(CODE, {"code": codes[0]})
    client.post("/account/two-step/", {"password": factories.PASSWORD})
    assert not two_step.is_on(user)
    assert enter(Client(), user)["Location"] == "/"


def test_new_recovery_codes_end_the_old_ones(client, with_two_step):
    user, codes = with_two_step
    enter(client, user)
    client.post(CODE, {"code": codes[0]})
    answer = client.post("/account/two-step/codes/", {"password": factories.PASSWORD})
    renewed = answer.context["codes_text"].split()
    assert len(renewed) == 10
    assert not set(renewed) & set(codes)
    assert two_step.check(user, codes[1]) is None


def test_operator_ends_the_two_step_sign_in_of_a_lost_phone(with_two_step, admin_user):
    user, _codes = with_two_step
    sign_in(admin_user).post(f"/operator/user/{user.pk}/end-two-step/")
    assert not two_step.is_on(user)


def test_own_password_is_changed_by_the_rules(owner, ours):
    client = sign_in(owner, ours)
    short = {"old_password": factories.PASSWORD, "new_password1": "short", "new_password2": "short"}
    assert "at least 10 characters" in texts(client.post("/password_change/", short))
    good = "another correct horse"
    answer = client.post(
        "/password_change/",
        {"old_password": factories.PASSWORD, "new_password1": good, "new_password2": good},
        follow=True,
    )
    assert answer.status_code == 200
    owner.refresh_from_db()
    assert owner.check_password(good)
    assert is_signed_in(client)


def test_signing_out_ends_the_session(owner, ours):
    client = sign_in(owner, ours)
    client.post("/logout/")
    assert not is_signed_in(client)


def test_pages_for_strangers_know_no_user(client, db):
    assert isinstance(client.get(LOGIN).context["user"], AnonymousUser)
