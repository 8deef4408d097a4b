"""A viewer is offered nothing that is refused to viewers: every link of every page that can be reached is opened."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

import pytest
from django.urls import reverse

from tests import factories
from tests.console import page, sign_in

LINK = re.compile(r'<(?:a|button)\b[^>]*?\b(?:href|hx-get)="([^"#][^"]*)"')
OUTSIDE = ("/sign-out", "/api/", "/static/", "/media/", "/i18n/")


def links_of(address: str, answer) -> Iterator[str]:
    if "text/html" not in answer.get("Content-Type", ""):
        return
    for href in LINK.findall(answer.content.decode()):
        target = urlsplit(urljoin(address, html.unescape(href)))
        if not target.netloc and target.path.startswith("/") and not target.path.startswith(OUTSIDE):
            yield target.path


def refused_to(client) -> dict[str, str]:
    """Pages that are offered and then refused, with the page that offers them."""
    offered_by = {reverse("admin:index"): ""}
    waiting = list(offered_by)
    refused: dict[str, str] = {}
    while waiting:
        address = waiting.pop()
        answer = client.get(address)
        if answer.status_code == 403:
            refused[address] = offered_by[address]
        for target in links_of(address, answer):
            if target not in offered_by:
                offered_by[target] = address
                waiting.append(target)
    assert len(offered_by) > 30
    return refused


@pytest.mark.parametrize("filled", [False, True], ids=["empty project", "project with rows"])
def test_viewer_is_offered_nothing_that_is_refused(ours, viewer, filled):
    if filled:
        queue, group = factories.QueueFactory(project=ours), factories.GroupFactory(project=ours)
        factories.GroupRoutingFactory(project=ours, queue=queue, group=group)
        factories.AgentFactory(project=ours)
        factories.NumberFactory(project=ours)
        factories.BlockedNumberFactory(project=ours)
        factories.IvrTreeFactory(project=ours)
        factories.CallFactory(project=ours)

    assert refused_to(sign_in(viewer, ours)) == {}


def nothing_here(answer) -> str:
    """The part of a list's page that says what to do when there is no row."""
    (part,) = re.findall(r'(?s)<section class="pcc-empty">.*?</section>', answer.content.decode())
    return str(part)


@pytest.mark.parametrize(
    ("model", "offered"),
    [
        ("calls_call", "calls_call_simulate"),
        ("routing_offer", "calls_call_simulate"),
        ("calls_recording", "calls_call_simulate"),
        ("agents_agent", "agents_agent_import"),
        ("numbers_app_blockednumber", "numbers_app_blockednumber_paste"),
        ("ivr_ivrtree", "ivr_ivrtree_add"),
    ],
)
def test_empty_list_offers_writing_to_those_who_may(ours, viewer, supervisor, model, offered):
    address, link = page(model, "changelist"), f'href="{reverse(f"admin:{offered}")}"'

    assert link in nothing_here(sign_in(supervisor, ours).get(address))
    assert link not in nothing_here(sign_in(viewer, ours).get(address))
