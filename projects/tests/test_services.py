from __future__ import annotations

import jwt
import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from projects import selectors, services, tokens
from projects.models import Account, CallSettings, Member, Project, Role
from tests import factories


@pytest.fixture
def account(db):
    return factories.AccountFactory()


def test_a_new_project_has_call_settings_a_key_and_its_owner(account):
    user = factories.UserFactory()

    project = services.create_project(account, "Hotline", owner=user)

    assert CallSettings.objects.get(project=project).get_customer_info_timeout == 2000
    assert selectors.active_keys(project).count() == 1
    assert selectors.role_in(user, project) is Role.OWNER


def test_a_project_with_an_unknown_time_zone_is_refused_whole(account):
    with pytest.raises(ValidationError, match="Mars"):
        services.create_project(account, "Hotline", time_zone="Mars/Olympus")

    assert Project.objects.count() == 0


def test_revoking_a_key_keeps_the_first_moment(ours):
    key = services.issue_key(ours, label="CRM")
    services.revoke_key(key)
    first = key.revoked_at

    services.revoke_key(key)

    assert key.revoked_at == first
    assert key not in selectors.active_keys(ours)


def test_people_see_the_projects_where_they_are_members_and_operators_see_all(ours, theirs, supervisor):
    operator = factories.UserFactory(is_superuser=True)

    assert list(selectors.projects_of(supervisor)) == [ours]
    assert selectors.role_in(supervisor, theirs) is None
    assert list(selectors.projects_of(operator)) == [ours, theirs]
    assert selectors.role_in(operator, theirs) is Role.OWNER


def test_a_user_is_a_member_of_a_project_once(ours, supervisor):
    with pytest.raises(IntegrityError), transaction.atomic():
        Member.objects.create(project=ours, user=supervisor, role=Role.VIEWER)


def test_a_role_nobody_knows_is_refused_by_the_database(ours):
    with pytest.raises(IntegrityError), transaction.atomic():
        Member.objects.create(project=ours, user=factories.UserFactory(), role="emperor")


def test_a_rest_token_is_signed_with_the_raw_secret_and_says_what_it_is_for(ours):
    key = selectors.active_keys(ours).get()

    issued = tokens.rest_token(key, lifetime_s=60)

    assert jwt.get_unverified_header(issued.token) == {"typ": "JWT", "alg": "HS256", "cty": "stringee-api;v=1"}
    payload = jwt.decode(issued.token, key.secret, algorithms=["HS256"])
    assert payload["iss"] == key.sid
    assert payload["rest_api"] is True
    assert payload["exp"] == issued.expires
    assert payload["jti"].startswith(key.sid + "-")


@pytest.mark.parametrize(("pcc", "claims"), [(True, {"userId": "lan", "icc_api": True}), (False, {"userId": "lan"})])
def test_an_agent_token_has_icc_api_only_for_the_contact_center(ours, pcc, claims):
    key = selectors.active_keys(ours).get()

    payload = jwt.decode(tokens.agent_token(key, "lan", pcc=pcc).token, key.secret, algorithms=["HS256"])

    assert {name: payload[name] for name in payload if name not in ("jti", "iss", "exp")} == claims


def test_an_account_with_projects_cannot_vanish(ours):
    with pytest.raises(ProtectedError):
        Account.objects.get(pk=ours.account_id).delete()
