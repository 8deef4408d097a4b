"""Every page of the console is drawn in both languages, and speaks only the one that was chosen."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from auditlog.models import LogEntry
from django.conf import settings
from django.contrib import admin
from django.test import Client
from django.urls import NoReverseMatch, Resolver404, resolve, reverse
from django.utils.translation import override

from calls.models import Leg, RecordingKind, Subject
from calls.services import note_transition
from common import clock
from ivr.models import KeyAction
from pcc_console import catalogs
from pcc_console.middleware import SESSION_KEY
from queues.models import Weekday
from routing.models import Offer, Tier
from tests import factories
from webhooks.models import DisabledUrl, EndpointHealth, SigningSecret
from webhooks.selectors import url_key

# Names that people give to things, in no language at all: whatever else is on a page is ours.
NAMES = [f"zq{number}" for number in range(1, 30)]
NOT_TEXT = ("script", "style", "code", "pre", "template")
SPOKEN_ATTRIBUTES = ("alt", "aria-description", "aria-label", "placeholder", "title")
WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
VIETNAMESE_LETTER = re.compile(r"[ăđơưĂĐƠƯ\u1ea0-\u1ef9]")
# Not words of the console: its name, a header's, time zones, examples, what is hidden behind stars, and ids, which are
# of letters beside digits.
LEFT_OUT = re.compile(r"PCC Console|X-STRINGEE-SIGNATURE|\S*[/_@.*]\S*|\S*(?:[^\W\d_]\d|\d[^\W\d_])\S*")
# Addresses that are left alone: they end the session, send a file, or are not pages of the console.
LEFT_ALONE = re.compile(r"^/(?:logout|static|i18n|jsi18n|api|v1|metrics)|/export/|/play/|\.(?:mp3|wav|csv|xlsx|svg)$")
# Of the query, only what opens a part of the page makes another page.
OPENED = re.compile(r"\bopen=([a-z]*)")


class Page(HTMLParser):
    """What a reader sees or hears of a page, and where it leads."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.links: list[str] = []
        self.language = ""
        self._silent: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "html":
            self.language = values.get("lang", "")
        self.links += [values[name] for name in ("href", "hx-get") if tag != "link" and name in values]
        starts_silence = (
            tag in NOT_TEXT
            or values.get("translate") == "no"
            or values.get("lang", self.language) != self.language
            or "material-symbols" in values.get("class", "")
        )
        if starts_silence or tag in self._silent:
            self._silent.append(tag)
        if not self._silent:
            self.texts += [values[name] for name in SPOKEN_ATTRIBUTES if name in values]
            if tag == "input" and values.get("type") in ("submit", "button", "reset"):
                self.texts.append(values.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if self._silent and self._silent[-1] == tag:
            self._silent.pop()

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.texts.append(data)


@dataclass(frozen=True)
class Vocabulary:
    """What the catalogs say in each language and not in the other."""

    english_words: frozenset[str]
    vietnamese_texts: frozenset[str]

    def is_english(self, text: str) -> bool:
        return not self.english_words.isdisjoint(word.lower() for word in WORD.findall(text))

    def is_vietnamese(self, text: str) -> bool:
        return bool(VIETNAMESE_LETTER.search(text)) or text.lower() in self.vietnamese_texts


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    entries = [entry for catalog in catalogs.CATALOGS for entry in catalogs.read(catalog)]
    english = {text.lower() for entry in entries for text in (entry.msgid, entry.msgid_plural)}
    vietnamese = {text.lower() for entry in entries for text in (entry.msgstr, *entry.msgstr_plural.values())}
    return Vocabulary(words_of(english) - words_of(vietnamese), frozenset(vietnamese - english))


def words_of(texts: set[str]) -> frozenset[str]:
    return frozenset(word for text in texts for word in WORD.findall(text) if len(word) > 1)


@pytest.fixture
def reader(ours):
    """An owner of our project who sees the operator's pages, too."""
    user = factories.UserFactory(username="zq0", first_name="zq0", is_superuser=True)
    return factories.MemberFactory(project=ours, user=user, role="owner").user


@pytest.fixture
def furnished(ours):
    """Our project with at least one row of every kind, made from a terminal, in English."""
    with override(None):
        return _furnish(ours)


def _furnish(ours):
    name = iter(NAMES)
    ours.name = next(name)
    ours.save()
    hours = factories.BusinessHoursFactory(project=ours, name=next(name), is_default=True, holiday_country="VN")
    hours.ranges.create(project=ours, weekday=Weekday.MONDAY, opens=dt.time(8), closes=dt.time(17))
    hours.exceptions.create(project=ours, date=dt.date(2026, 9, 2), note=next(name))
    greeting = factories.GreetingFileFactory(project=ours, desc1=next(name))
    queue = factories.QueueFactory(project=ours, name=next(name), schedule=2, wait_greeting=greeting)
    empty_queue = factories.QueueFactory(project=ours, name=next(name))
    groups = [factories.GroupFactory(project=ours, name=next(name)) for _tier in Tier]
    agents = [
        factories.AgentFactory(project=ours, name=next(name), stringee_user_id=next(name), manual_status=status)
        for status in ("AVAILABLE", None)
    ]
    for tier, group, agent in zip(Tier, groups, agents, strict=True):
        factories.GroupRoutingFactory(project=ours, queue=queue, group=group, primary_group=tier)
        factories.GroupMembershipFactory(project=ours, group=group, agent=agent)
    factories.SipAccountFactory(project=ours, user_name=next(name), stringee_user_id=agents[0].stringee_user_id)
    tree = factories.IvrTreeFactory(project=ours, tree_name=next(name))
    root, leaf = (
        factories.IvrNodeFactory(project=ours, tree=tree, node_name=next(name), node_play_content="zq1") for _ in "12"
    )
    tree.root_node = root
    tree.save()
    steps: list[tuple[str, KeyAction, dict[str, Any]]] = [
        ("1", KeyAction.QUEUE, {"queue": queue}),
        ("2", KeyAction.NODE, {"next_node": leaf}),
        ("3", KeyAction.FORWARD, {"to_phone_number": "84909982888"}),
        ("4", KeyAction.VOICEMAIL, {}),
        ("5", KeyAction.SMS, {}),
        ("6", KeyAction.QUEUE, {"queue": empty_queue}),
        ("7", KeyAction.NODE, {}),
        ("EMPTY_KEY", KeyAction.HANG_UP, {}),
        ("INVALID_KEY", KeyAction.HANG_UP, {}),
    ]
    for key, action, target in steps:
        factories.IvrKeyPressFactory(project=ours, tree=tree, node=root, node_key=key, action=action, **target)
    factories.NumberFactory(project=ours, nickname=next(name), enable_ivr=True, ivr_tree=tree)
    factories.NumberFactory(project=ours, queue=queue)
    factories.BlockedNumberFactory(project=ours)
    factories.PriorityCallerFactory(project=ours, note=next(name))
    factories.QueueOutcomeFactory(project=ours, queue=queue, action="queue", to_queue=empty_queue)
    _furnish_what_goes_out(ours, queue, agents[0])
    _furnish_calls(ours, queue, agents[0], tree)
    return ours


def _furnish_what_goes_out(ours, queue, agent):
    """Deliveries, questions and text messages that went well, and some that did not."""
    queue.get_list_agents_url = "https://zq1.example/agents"
    queue.save()
    call = factories.CallFactory(project=ours, customer_number="84909982888")
    delivery = factories.DeliveryFactory(project=ours, call=call, serial=1, state="given_up", next_attempt_at=None)
    factories.AttemptFactory(project=ours, delivery=delivery, status=500, failure="status", detail="zq1", answer="zq1")
    factories.QuestionFactory(project=ours, call=call, state="failed", failure="timeout", status=None, answer="")
    factories.SmsFactory(project=ours, call=call, text="zq1", state="failed", failure="connection", status=None)
    finding = {"code": "timeout_missing", "where": "calls[0].agents[0]", "call_id": call.call_id, "said": "15"}
    line = {"user_id": agent.stringee_user_id, "agent": agent.pk, "routing_type": 1, "phone": "", "timeout_s": 15}
    factories.AgentListQuestionFactory(
        project=ours, queue=queue, state="failed", findings=[finding], lists={call.call_id: [line]}
    )
    SigningSecret.objects.create(project=ours, created_at=call.created_at)
    url = "https://zq1.example/"
    DisabledUrl.objects.create(project=ours, url=url, url_key=url_key(url), disabled_at=call.created_at)
    until = clock.now() + dt.timedelta(hours=1)
    EndpointHealth.objects.create(project=ours, endpoint="https://zq1.example:443/", state="open", until=until)


def _furnish_calls(ours, queue, agent, tree):
    """A call that waits, one with everything that a call can leave behind, and an offer of which nothing is known."""
    now = clock.now()
    factories.QueueEntryFactory(project=ours, queue=queue, call__customer_number="84909982888")
    call = factories.CallFactory(
        project=ours,
        state="ended",
        outcome="completed",
        cause="normal",
        ended_by="EXTERNAL",
        customer_number="84909982888",
        agent=agent,
        priority=1,
        flow={"menu": {"path": [["zq1", "1"], ["zq1", "EMPTY_KEY"]]}},
        connected_at=now,
        ended_at=now,
    )
    entry = factories.QueueEntryFactory(
        project=ours, call=call, queue=queue, state="ended", outcome="answered", ended_at=now
    )
    offer = Offer.objects.create(
        project=ours,
        call=call,
        entry=entry,
        agent=agent,
        state="accepted",
        opened_at=now,
        deadline_at=now,
        ended_at=now,
        endpoints=["web:1_zq1"],
    )
    leg = Leg.objects.create(
        project=ours, call=call, role="agent", state="ended", endpoint="web:1_zq1", number="zq1", started_at=now
    )
    told = [
        (Subject.CALL, call.call_id, "begin", "", "ringing_in", {}),
        (Subject.CALL, call.call_id, "menu", "ringing_in", "ivr", {"tree": tree.public_id}),
        (Subject.CALL, call.call_id, "enqueue", "ivr", "waiting", {"queue": "zq1"}),
        (Subject.OFFER, str(offer.pk), "open", "", "open", {}),
        (Subject.OFFER, str(offer.pk), "accept", "open", "accepted", {}),
        (Subject.CALL, call.call_id, "connect", "offered", "connected", {"to": "zq1"}),
        (Subject.LEG, leg.leg_id, "hold", "answered", "answered", {}),
        (Subject.LEG, leg.leg_id, "unhold", "answered", "answered", {}),
        (Subject.ENTRY, str(entry.pk), "leave", "connected", "ended", {"outcome": "transferred"}),
        (Subject.CALL, call.call_id, "end", "connected", "ended", {"outcome": "completed", "cause": "normal"}),
    ]
    for subject, key, event, before, after, details in told:
        note_transition(ours.pk, subject, key, event, before, after, now, call_pk=call.pk, details=details).save()
    for kind in RecordingKind:
        factories.RecordingFactory(project=ours, call=call, kind=kind, queue=queue)
    factories.QuestionFactory(project=ours, call=call)
    factories.SmsFactory(project=ours, call=call, text="zq1")


def signed_in(user, project, language: str) -> Client:
    client = Client()
    client.force_login(user)
    session = client.session
    session[SESSION_KEY] = project.pk
    session.save()
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    return client


def first_addresses() -> Iterator[str]:
    """Where the walk begins: the pages that need no id, and those of the first row of every kind."""
    for url in admin.site.get_urls():
        name = getattr(url, "name", None)
        if name and url.pattern.regex.groups == 0:
            yield reverse(f"admin:{name}")
    for model in admin.site._registry:
        prefix = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        row = model._default_manager.order_by("pk").first()
        for page, arguments in (
            ("changelist", ()),
            ("add", ()),
            ("change", (row,)),
            ("delete", (row,)),
            ("history", (row,)),
        ):
            try:
                yield reverse(f"{prefix}_{page}", args=[one.pk for one in arguments if one])
            except NoReverseMatch:
                continue


def walk(client: Client) -> Iterator[tuple[str, Page]]:
    """Every page that can be reached, one of each kind."""
    waiting, seen = list(first_addresses()), set()
    while waiting:
        address = waiting.pop(0)
        parts = urlsplit(address)
        if LEFT_ALONE.search(parts.path):
            continue
        try:
            kind = (resolve(parts.path).route, *OPENED.findall(parts.query))
        except Resolver404:
            continue
        if kind in seen:
            continue
        seen.add(kind)
        response = client.get(address, follow=True)
        assert response.status_code in (200, 403, 404, 405), f"{address}: {response.status_code}"
        if response["Content-Type"].startswith("text/html"):
            page = Page(response.content.decode())
            waiting += [urljoin(address, link) for link in page.links if not urlsplit(link).netloc]
            yield address, page
    assert len(seen) > 40, sorted(seen)


def said_on(page: Page) -> set[str]:
    return {" ".join(LEFT_OUT.sub(" ", text).split()) for text in page.texts}


def test_no_english_on_vietnamese_pages(furnished, reader, vocabulary):
    found = {
        address: english
        for address, page in walk(signed_in(reader, furnished, "vi"))
        if (english := {text for text in said_on(page) if vocabulary.is_english(text)})
    }

    assert found == {}


def test_no_vietnamese_on_english_pages(furnished, reader, vocabulary):
    found = {
        address: vietnamese
        for address, page in walk(signed_in(reader, furnished, "en"))
        if (vietnamese := {text for text in said_on(page) if vocabulary.is_vietnamese(text)})
    }

    assert found == {}


@pytest.mark.parametrize("language", ["vi", "en"])
def test_refused_forms_speak_the_language_of_the_page(furnished, reader, vocabulary, language):
    client = signed_in(reader, furnished, language)
    is_foreign = {"vi": vocabulary.is_english, "en": vocabulary.is_vietnamese}[language]
    refused, found = [], {}
    for model in admin.site._registry:
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist") + "add/"
        response = client.post(address, {})
        if response.status_code == 200:  # others are not added by hand
            refused.append(address)
            if foreign := {text for text in said_on(Page(response.content.decode())) if is_foreign(text)}:
                found[address] = foreign

    assert found == {}
    assert len(refused) > 5


@pytest.mark.parametrize("language", ["vi", "en"])
def test_bulk_actions_ask_in_the_language_of_the_page(furnished, reader, vocabulary, language):
    client = signed_in(reader, furnished, language)
    is_foreign = {"vi": vocabulary.is_english, "en": vocabulary.is_vietnamese}[language]
    asked, found = [], {}
    for model in admin.site._registry:
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        form = client.get(address, follow=True).context.get("action_form")
        row = model._default_manager.order_by("pk").first()
        for action, _label in form.fields["action"].choices[1:] if form and row else ():
            response = client.post(address, {"action": action, "_selected_action": row.pk}, follow=True)
            asked.append(action)
            if response.status_code == 200 and response["Content-Type"].startswith("text/html"):
                page = Page(response.content.decode())
                if foreign := {text for text in said_on(page) if is_foreign(text)}:
                    found[f"{address} {action}"] = foreign

    assert found == {}
    assert len(asked) > 10


@pytest.mark.parametrize("language", ["vi", "en"])
def test_what_is_not_found_is_said_in_the_language_of_the_reader(furnished, reader, vocabulary, language):
    response = signed_in(reader, furnished, language).get("/nowhere/")
    page = Page(response.content.decode())

    assert (response.status_code, page.language) == (404, language)
    is_foreign = {"vi": vocabulary.is_english, "en": vocabulary.is_vietnamese}[language]
    assert [text for text in said_on(page) if is_foreign(text)] == []


@pytest.mark.parametrize(("language", "shown"), [("vi", "01/01/2026 06:30"), ("en", "1 Jan 2026, 06:30")])
def test_moments_are_shown_in_the_time_zone_of_the_project(furnished, reader, language, shown):
    furnished.time_zone = "Asia/Ho_Chi_Minh"
    furnished.save()
    entry = LogEntry.objects.filter(additional_data__project=furnished.pk).first()
    LogEntry.objects.filter(pk=entry.pk).update(timestamp=dt.datetime(2025, 12, 31, 23, 30, tzinfo=dt.UTC))

    page = Page(signed_in(reader, furnished, language).get(f"/setting/history/{entry.pk}/change/").content.decode())

    assert shown in {text.strip() for text in page.texts}


# ── Choosing the language ────────────────────────────────────────────────────────────────────────────────────────────
def choose_language(client: Client, language: str, page: str):
    return client.post(reverse("set_language"), {"language": language, "next": page}, follow=True)


def test_the_language_chosen_on_the_sign_in_page_stays(client, furnished, reader):
    page = Page(choose_language(client, "vi", reverse("admin:login")).content.decode())
    assert (page.language, "Đăng nhập" in " ".join(page.texts)) == ("vi", True)

    client.post(reverse("admin:login"), {"username": reader.username, "password": factories.PASSWORD})

    assert Page(client.get(reverse("admin:index"), follow=True).content.decode()).language == "vi"
    assert client.cookies[settings.LANGUAGE_COOKIE_NAME].value == "vi"


def test_the_language_is_switched_from_any_page_and_back(furnished, reader):
    client = signed_in(reader, furnished, "en")
    numbers = reverse("admin:numbers_app_number_changelist")

    assert Page(choose_language(client, "vi", numbers).content.decode()).language == "vi"
    assert Page(choose_language(client, "en", numbers).content.decode()).language == "en"


@pytest.mark.parametrize(
    ("accepted", "spoken"), [("vi-VN,vi;q=0.9,en;q=0.8", "vi"), ("en-GB,en;q=0.9", "en"), ("fr", "en")]
)
def test_a_browser_that_prefers_a_language_gets_it(client, db, accepted, spoken):
    page = Page(client.get(reverse("admin:login"), headers={"accept-language": accepted}).content.decode())

    assert page.language == spoken


def test_the_sign_in_page_offers_each_language_in_its_own_words(client, db):
    for language in ("en", "vi"):
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
        html = client.get(reverse("admin:login")).content.decode()
        assert ("English" in html, "Tiếng Việt" in unicodedata.normalize("NFC", html)) == (True, True)
