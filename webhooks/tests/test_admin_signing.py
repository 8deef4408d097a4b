"""The console's page of the signing secret."""

from __future__ import annotations

import datetime as dt

import pytest
from auditlog.models import LogEntry

from common import clock
from tests.console import FRAME_QUERIES, page, sign_in, texts
from webhooks import services
from webhooks.models import SigningSecret
from webhooks.signatures import standard_form

pytestmark = pytest.mark.django_db

PAGE = page("webhooks_signingsecret", "changelist")
ROTATE = page("webhooks_signingsecret", "rotate")
REVEAL = page("webhooks_signingsecret", "reveal")
PAGE_QUERIES = FRAME_QUERIES + 1  # the secrets


def test_without_a_secret_the_page_offers_to_make_one_and_makes_none_itself(ours, owner, django_assert_num_queries):
    client = sign_in(owner, ours)
    with django_assert_num_queries(PAGE_QUERIES):
        shown = client.get(PAGE)

    assert "There is no secret yet. Make one, and enter it on your server." in texts(shown)
    assert not SigningSecret.objects.exists()


def test_a_new_secret_is_shown_once_in_both_forms_and_never_again(ours, owner):
    client = sign_in(owner, ours)

    made = client.post(ROTATE)

    (secret,) = services.signing_secrets(ours.pk, clock.now())
    assert secret in made.content.decode()
    assert standard_form(secret) in made.content.decode()
    assert "no-store" in made["Cache-Control"]
    for address in (PAGE, ROTATE):
        assert secret not in client.get(address).content.decode()


def test_first_secret_that_was_made_by_itself_is_shown_once(ours, owner):
    (secret,) = services.signing_secrets(ours.pk, clock.now())
    client = sign_in(owner, ours)
    asked = client.get(PAGE)
    assert "nobody has read it yet. It can be shown once." in texts(asked)
    assert secret not in asked.content.decode()

    shown = client.post(REVEAL)

    assert secret in shown.content.decode()
    assert standard_form(secret) in shown.content.decode()
    assert "no-store" in shown["Cache-Control"]
    assert services.signing_secrets(ours.pk, clock.now()) == (secret,)

    again = client.post(REVEAL, follow=True)
    assert secret not in again.content.decode()
    assert "The secret has been shown before. It cannot be read again." in texts(again)
    assert "It can be shown once." not in texts(again)


def test_secret_that_was_shown_when_it_was_made_is_not_shown_again(ours, owner):
    client = sign_in(owner, ours)
    client.post(ROTATE)
    (secret,) = services.signing_secrets(ours.pk, clock.now())

    assert secret not in client.post(REVEAL, follow=True).content.decode()


def test_who_has_read_the_first_secret_is_in_the_history(ours, owner):
    (secret,) = services.signing_secrets(ours.pk, clock.now())

    sign_in(owner, ours).post(REVEAL)

    entry = LogEntry.objects.filter(content_type__model="signingsecret").latest("pk")
    assert (entry.actor, list(entry.changes)) == (owner, ["shown_at"])
    assert secret not in str(entry.changes)


def test_the_secret_of_another_project_is_not_revealed(ours, theirs, owner):
    (theirs_secret,) = services.signing_secrets(theirs.pk, clock.now())

    answer = sign_in(owner, ours).post(REVEAL, follow=True)

    assert theirs_secret not in answer.content.decode()
    assert SigningSecret.objects.get().shown_at is None


def test_looking_at_the_address_reveals_nothing(ours, owner):
    services.signing_secrets(ours.pk, clock.now())

    assert sign_in(owner, ours).get(REVEAL).status_code == 405
    assert SigningSecret.objects.get().shown_at is None


def test_rotating_asks_first_and_leaves_the_old_secret_for_a_day(ours, owner):
    (old,) = services.signing_secrets(ours.pk, clock.now() - dt.timedelta(days=3))
    client = sign_in(owner, ours)

    asked = client.get(ROTATE)
    assert "For 24 hours the old one signs too, in webhook-signature." in texts(asked)
    assert services.signing_secrets(ours.pk, clock.now()) == (old,)

    client.post(ROTATE)

    new, still = services.signing_secrets(ours.pk, clock.now())
    assert (still, new != old) == (old, True)
    assert "The one before it signs too, until" in texts(client.get(PAGE))
    assert services.signing_secrets(ours.pk, clock.now() + dt.timedelta(hours=25)) == (new,)


def test_who_made_a_secret_is_in_the_history_and_the_secret_is_not(ours, owner):
    sign_in(owner, ours).post(ROTATE)

    entry = LogEntry.objects.get(content_type__model="signingsecret")
    assert (entry.actor, entry.additional_data["project"]) == (owner, ours.pk)
    assert services.signing_secrets(ours.pk, clock.now())[0] not in str(entry.changes)


@pytest.mark.parametrize("user", ["supervisor", "viewer"])
def test_only_owners_see_the_page_and_rotate(ours, user, request):
    client = sign_in(request.getfixturevalue(user), ours)

    assert client.get(PAGE).status_code == 403
    assert client.post(ROTATE).status_code == 403
    assert client.post(REVEAL).status_code == 403
    assert f'href="{PAGE}"' not in client.get("/").content.decode()
    assert not SigningSecret.objects.exists()


def test_an_owner_finds_the_page_in_the_menu(ours, owner):
    assert f'href="{PAGE}"' in sign_in(owner, ours).get("/").content.decode()


def test_a_secret_of_another_project_does_not_exist(ours, theirs, owner):
    services.signing_secrets(theirs.pk, clock.now())
    row = SigningSecret.objects.get()
    client = sign_in(owner, ours)

    assert client.get(page("webhooks_signingsecret", "change", row.pk)).status_code == 404
    assert "There is no secret yet" in texts(client.get(PAGE))
