"""Project settings, call settings, keys, members, users and accounts, and the access token tool."""

from __future__ import annotations

import jwt
import pytest

from projects import services
from projects.models import Account, ApiKey, CallSettings, Member, Project, User
from tests import factories
from tests.console import errors_of, form_values, said, sign_in, texts

# What a web address may not be.
HOSTILE = [
    "javascript:alert(1)",
    "file:///etc/passwd",
    "ftp://files.example.com/x",
    "gopher://127.0.0.1:6379/_FLUSHALL",
    "data:text/html,x",
    "//example.com/x",
    "example.com/x",
    "https://",
    "http://[::1",
    "https://example.com:99999/",
    "https://exa mple.com/",
    "https://example.com/\nX-Injected: 1",
    "https://example.com\\@evil.example/",
    "https://example.com/\x00",
]


@pytest.fixture
def as_owner(owner, ours):
    return sign_in(owner, ours)


@pytest.fixture
def as_operator(admin_user, ours):
    return sign_in(admin_user, ours)


def save_project(client, project, **changes):
    values = {"name": project.name, "time_zone": project.time_zone, "country": "VN", "answer_url": "", "event_url": ""}
    return client.post(f"/setting/project/{project.pk}/change/", {**values, **changes, "_save": "1"})


# ── Project settings ─────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Asia/Bangkok", "Asia/Bangkok"),
        ("bangkok", "Asia/Bangkok"),
        (" ho chi minh ", "Asia/Ho_Chi_Minh"),
        ("utc", "UTC"),
    ],
)
def test_time_zone_is_taken_as_people_type_it(as_owner, ours, typed, kept):
    assert save_project(as_owner, ours, time_zone=typed).status_code == 302
    ours.refresh_from_db()
    assert ours.time_zone == kept


@pytest.mark.parametrize("typed", ["Hanoi?", "Asia/Nowhere", "../../etc/passwd", "+07:00"])
def test_unknown_time_zone_is_an_error_of_its_field(as_owner, ours, typed):
    answer = save_project(as_owner, ours, time_zone=typed)
    assert list(errors_of(answer)) == ["time_zone"]
    ours.refresh_from_db()
    assert ours.time_zone == "Asia/Ho_Chi_Minh"


def test_unknown_country_is_an_error_of_its_field(as_owner, ours):
    assert list(errors_of(save_project(as_owner, ours, country="ZZ"))) == ["country"]


def test_addresses_of_the_original_platform_are_kept_as_markers(as_owner, ours):
    marker = "http://v2.stringee.com:8282/project_answer_url"
    assert save_project(as_owner, ours, answer_url=marker).status_code == 302
    ours.refresh_from_db()
    assert ours.answer_url == marker


@pytest.mark.parametrize("field", ["answer_url", "event_url"])
@pytest.mark.parametrize("address", HOSTILE)
def test_project_takes_no_hostile_address(as_owner, ours, field, address):
    assert list(errors_of(save_project(as_owner, ours, **{field: address}))) == [field]


def test_project_stays_in_its_account(as_owner, ours, theirs):
    save_project(as_owner, ours, account=str(theirs.account_id))
    ours.refresh_from_db()
    assert ours.account_id != theirs.account_id


def test_owner_sees_no_list_of_projects_and_no_operator_pages(as_owner, ours, theirs):
    assert as_owner.get("/setting/project/")["Location"] == "/setting/project/own/"
    assert as_owner.get(f"/setting/project/{theirs.pk}/change/").status_code == 404


def test_operator_creates_a_project_ready_for_work(as_operator, ours):
    values = {"account": ours.account_id, "name": "New", "time_zone": "Asia/Ho_Chi_Minh", "country": "VN", "_save": "1"}
    as_operator.post("/setting/project/add/", values)
    project = Project.objects.get(name="New")
    assert project.call_settings.get_customer_info_timeout == 2000
    assert project.apikey_set.count() == 1


def test_two_projects_of_an_account_have_different_names(as_operator, ours):
    values = {"account": ours.account_id, "name": "Ours", "time_zone": "UTC", "country": "VN", "_save": "1"}
    answer = as_operator.post("/setting/project/add/", values)
    assert answer.status_code == 200
    assert Project.objects.filter(name="Ours").count() == 1


# ── Call settings ────────────────────────────────────────────────────────────────────────────────────────────────────
def save_call_settings(client, project, **changes):
    address = f"/setting/callsetting/{project.pk}/change/"
    return client.post(address, {**form_values(client.get(address)), **changes, "_save": "1"})


def test_call_settings_are_one_page(ours, supervisor):
    client = sign_in(supervisor, ours)
    assert client.get("/setting/callsetting/")["Location"] == f"/setting/callsetting/{ours.pk}/change/"
    answer = save_call_settings(
        client, ours, event_url="https://crm.example.com/events", get_customer_info_timeout="500"
    )
    assert answer["Location"] == f"/setting/callsetting/{ours.pk}/change/"
    ours.call_settings.refresh_from_db()
    assert ours.call_settings.event_url == "https://crm.example.com/events"
    assert ours.call_settings.get_customer_info_timeout == 500


def test_call_settings_come_into_being_when_they_are_looked_at(ours, supervisor):
    ours.call_settings.delete()
    assert sign_in(supervisor, ours).get("/setting/callsetting/", follow=True).status_code == 200


@pytest.mark.parametrize("field", ["event_url", "get_customer_info_url", "callout_answer_url", "sms_gateway_url"])
@pytest.mark.parametrize("address", HOSTILE)
def test_call_settings_take_no_hostile_address(ours, supervisor, field, address):
    assert list(errors_of(save_call_settings(sign_in(supervisor, ours), ours, **{field: address}))) == [field]


@pytest.mark.parametrize("value", ["99", "10001", "-1", "soon", "", "1e3", "9999999999999999999"])
def test_timeout_stays_in_its_range(ours, supervisor, value):
    answer = save_call_settings(sign_in(supervisor, ours), ours, get_customer_info_timeout=value)
    assert list(errors_of(answer)) == ["get_customer_info_timeout"]


def test_limits_of_outbound_calls_are_kept(ours, supervisor):
    limits = {
        "outbound_prefixes": "+84, 34",
        "outbound_concurrency": "0",
        "outbound_per_minute": "10",
        "outbound_max_duration_s": "600",
        "missed_calls_limit": "0",
        "recording_retention_days": "90",
    }
    assert save_call_settings(sign_in(supervisor, ours), ours, **limits).status_code == 302
    settings = CallSettings.objects.get(project=ours)
    assert {name: str(getattr(settings, name)) for name in limits} == limits


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("outbound_prefixes", "Viet Nam"),
        ("outbound_prefixes", "84-24"),
        ("outbound_prefixes", "٨٤"),
        ("outbound_prefixes", "8" * 16),
        ("outbound_concurrency", "-1"),
        ("outbound_concurrency", "10001"),
        ("outbound_per_minute", "0"),
        ("outbound_max_duration_s", "59"),
        ("outbound_max_duration_s", "86401"),
        ("missed_calls_limit", "51"),
        ("recording_retention_days", "3651"),
        ("recording_retention_days", "-1"),
    ],
)
def test_limits_out_of_their_range_are_refused(ours, supervisor, field, value):
    answer = save_call_settings(sign_in(supervisor, ours), ours, **{field: value})
    assert list(errors_of(answer)) == [field]
    assert CallSettings.objects.get(project=ours).outbound_prefixes == ""


# ── Keys ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_secret_is_shown_in_the_answer_and_nowhere_else(as_owner, owner, ours):
    answer = as_owner.post("/setting/apikey/add/", {"label": "CRM", "_save": "1"})
    key = ApiKey.objects.get(label="CRM")
    assert key.created_by == owner
    assert key.secret in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    for path in ("/setting/apikey/", f"/setting/apikey/{key.pk}/change/", "/setting/history/", "/setting/accesstoken/"):
        page = as_owner.get(path).content.decode()
        assert key.secret not in page, path
    entry = key._meta.apps.get_model("auditlog.LogEntry").objects.get(
        object_pk=str(key.pk), content_type__model="apikey"
    )
    assert key.secret not in str(entry.changes)
    assert key.secret not in as_owner.get(f"/setting/history/{entry.pk}/change/").content.decode()


def test_revoked_key_is_asked_about_first_and_stays_revoked(as_owner, ours):
    key = ApiKey.objects.get(project=ours)
    assert "will be refused at once" in texts(as_owner.get(f"/setting/apikey/{key.pk}/revoke/"))
    key.refresh_from_db()
    assert key.revoked_at is None
    as_owner.post(f"/setting/apikey/{key.pk}/revoke/")
    key.refresh_from_db()
    first = key.revoked_at
    assert first is not None
    as_owner.post(f"/setting/apikey/{key.pk}/revoke/")
    key.refresh_from_db()
    assert key.revoked_at == first


def test_key_is_never_deleted(as_owner, ours):
    key = ApiKey.objects.get(project=ours)
    assert as_owner.post(f"/setting/apikey/{key.pk}/delete/", {"post": "yes"}).status_code == 403
    as_owner.post("/setting/apikey/", {"action": "delete_selected", "_selected_action": [key.pk], "post": "yes"})
    assert ApiKey.objects.filter(pk=key.pk).exists()


# ── Members ──────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("who", ["newcomer", "newcomer@example.com", " NEWCOMER@EXAMPLE.COM "])
def test_member_is_added_by_user_name_or_address(as_owner, ours, who):
    user = factories.UserFactory(username="newcomer", email="newcomer@example.com")
    assert as_owner.post("/setting/member/add/", {"who": who, "role": "supervisor", "_save": "1"}).status_code == 302
    assert Member.objects.get(project=ours, user=user).role == "supervisor"


def test_unknown_or_ambiguous_people_are_not_added(as_owner, ours):
    factories.UserFactory(username="twin1", email="twin@example.com")
    factories.UserFactory(username="twin2", email="twin@example.com")
    factories.UserFactory(username="gone", is_active=False)
    for who in ("nobody-there", "twin@example.com", "gone", "owner", "", "\x00"):
        answer = as_owner.post("/setting/member/add/", {"who": who, "role": "viewer", "_save": "1"})
        assert list(errors_of(answer)) == ["who"], who
    assert Member.objects.filter(project=ours).count() == 1


def test_last_owner_cannot_be_demoted(as_owner, ours, owner):
    member = Member.objects.get(user=owner)
    answer = as_owner.post(f"/setting/member/{member.pk}/change/", {"role": "viewer", "_save": "1"})
    assert errors_of(answer) == {"role": ["This is the project's last owner. Make somebody else an owner first."]}
    member.refresh_from_db()
    assert member.role == "owner"


def test_last_owner_cannot_be_removed_one_by_one_or_together(as_owner, ours, owner, viewer):
    member = Member.objects.get(user=owner)
    page = as_owner.post(f"/setting/member/{member.pk}/delete/", {"post": "yes"}, follow=True)
    assert "This is the project's last owner." in texts(page)
    everybody = list(Member.objects.values_list("pk", flat=True))
    answer = as_owner.post(
        "/setting/member/", {"action": "delete_selected", "_selected_action": everybody, "post": "yes"}
    )
    assert said(answer) == [
        "This is the project's last owner. Make somebody else an owner first.",
        "1 row deleted.",
    ]
    assert list(Member.objects.filter(project=ours)) == [member]


def test_owner_may_go_when_there_is_another(as_owner, ours, owner):
    other = factories.MemberFactory(project=ours, role="owner")
    member = Member.objects.get(user=owner)
    as_owner.post(f"/setting/member/{member.pk}/delete/", {"post": "yes"})
    assert list(Member.objects.filter(project=ours)) == [other]


def test_two_owners_of_two_projects_are_counted_apart(as_owner, theirs, outsider, owner):
    factories.MemberFactory(project=theirs, user=owner, role="owner")
    with pytest.raises(services.LastOwner):
        services.remove_member(Member.objects.get(user=owner, project__name="Ours"))


# ── Operators ────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_operator_creates_a_user_by_the_password_rules(as_operator):
    values = {"username": "fresh", "email": "fresh@example.com", "usable_password": "true", "_save": "1"}
    weak = as_operator.post("/operator/user/add/", {**values, "password1": "12345", "password2": "12345"})
    assert "password2" in errors_of(weak)
    strong = "a quiet evening on the river"
    as_operator.post("/operator/user/add/", {**values, "password1": strong, "password2": strong})
    assert User.objects.get(username="fresh").check_password(strong)
    assert not User.objects.get(username="fresh").is_superuser


def test_operator_cannot_lock_himself_out(as_operator, admin_user):
    values = {"username": "admin", "first_name": "", "last_name": "", "email": "", "_save": "1"}
    as_operator.post(f"/operator/user/{admin_user.pk}/change/", values)
    admin_user.refresh_from_db()
    assert admin_user.is_active
    assert admin_user.is_superuser
    assert as_operator.post(f"/operator/user/{admin_user.pk}/delete/", {"post": "yes"}).status_code == 403


def test_account_key_is_renewed_and_shown_once(as_operator, ours):
    before = ours.account.secret
    as_operator.get(f"/operator/account/{ours.account_id}/secret/")
    assert Account.objects.get(pk=ours.account_id).secret == before
    answer = as_operator.post(f"/operator/account/{ours.account_id}/secret/")
    after = Account.objects.get(pk=ours.account_id).secret
    assert after != before
    assert after in answer.content.decode()
    assert after not in as_operator.get(f"/operator/account/{ours.account_id}/change/").content.decode()


def test_account_with_projects_stays(as_operator, ours):
    page = as_operator.get(f"/operator/account/{ours.account_id}/delete/")
    assert "This cannot be deleted" in texts(page)
    as_operator.post(f"/operator/account/{ours.account_id}/delete/", {"post": "yes"})
    assert Account.objects.filter(pk=ours.account_id).exists()


# ── Access token tool ────────────────────────────────────────────────────────────────────────────────────────────────
def ask_for_token(client, project, kind="agent", **given):
    key = project.apikey_set.first()
    values = {f"{kind}-key": key.pk, f"{kind}-lifetime": "3600", **{f"{kind}-{k}": v for k, v in given.items()}}
    return client.post("/setting/accesstoken/", {"for": kind, **values})


def claims_of(answer, project) -> dict:
    key = project.apikey_set.first()
    return jwt.decode(answer.context["issued"].token, key.secret, algorithms=["HS256"])


def test_agent_token_carries_the_user_id_and_the_flag(ours, supervisor):
    answer = ask_for_token(sign_in(supervisor, ours), ours, user_id="lan", pcc="on")
    claims = claims_of(answer, ours)
    assert claims["userId"] == "lan"
    assert claims["icc_api"] is True
    assert "rest_api" not in claims
    assert "no-store" in answer["Cache-Control"]
    assert jwt.get_unverified_header(answer.context["issued"].token)["cty"] == "stringee-api;v=1"


def test_agent_token_without_the_flag_has_none(ours, supervisor):
    claims = claims_of(ask_for_token(sign_in(supervisor, ours), ours, user_id="lan"), ours)
    assert "icc_api" not in claims


def test_rest_token_is_for_owners_only(ours, owner, supervisor):
    assert ask_for_token(sign_in(supervisor, ours), ours, "rest").status_code == 403
    assert "Generate REST token" not in texts(sign_in(supervisor, ours).get("/setting/accesstoken/"))
    assert claims_of(ask_for_token(sign_in(owner, ours), ours, "rest"), ours)["rest_api"] is True


def test_token_is_never_signed_with_a_foreign_or_revoked_key(ours, theirs, owner):
    client = sign_in(owner, ours)
    foreign = theirs.apikey_set.get()
    answer = client.post("/setting/accesstoken/", {"for": "rest", "rest-key": foreign.pk, "rest-lifetime": "3600"})
    assert answer.context["issued"] is None
    services.revoke_key(ours.apikey_set.get())
    assert "There is no active API key" in texts(client.get("/setting/accesstoken/"))


@pytest.mark.parametrize("lifetime", ["", "0", "-1", "3601", "99999999999", "NaN"])
def test_token_lasts_as_long_as_offered(ours, owner, lifetime):
    answer = ask_for_token(sign_in(owner, ours), ours, "rest", lifetime=lifetime)
    assert answer.context["issued"] is None


def test_tool_is_filled_in_for_an_agent(ours, supervisor, agent_1):
    answer = sign_in(supervisor, ours).get(f"/setting/agent/{agent_1.pk}/token/", follow=True)
    assert answer.context["agent_form"]["user_id"].value() == "agent_1"
    assert answer.context["agent_form"]["pcc"].value() is True
