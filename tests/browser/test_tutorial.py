"""The original tutorial, steps a to i: from an empty project to a number that answers, by hand, in both languages."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from agents.models import Agent, SipAccount
from ivr.models import GreetingFile, IvrTree
from ivr.selectors import tree_for_linting
from numbers_app.models import Number
from pcc_console.checklist import checked_steps
from queues.models import Queue
from routing.models import GroupRouting
from tests.browser.conftest import Console
from tests.sounds import tone, wav

WELCOME = {
    "en": "Press 1 for technical support.",
    "vi": "Để gặp bộ phận hỗ trợ kỹ thuật, bấm phím 1.",
}


@pytest.fixture(params=["en", "vi"])
def language(request):
    return request.param


@pytest.fixture
def console(chromium: Browser, live_server, transactional_db, language):
    """A window of somebody whose browser speaks the language."""
    window = Console(chromium, live_server.url, language=language)
    yield window
    window.context.close()


@pytest.fixture
def done(ours):
    """The letters of the steps that the checklist knows to be done."""
    return lambda: "".join(checked.step.letter for checked in checked_steps(ours) if checked.done)


def save(page: Page) -> None:
    page.locator("[name=_save]").click()
    page.wait_for_load_state()


def save_in_outline(page: Page) -> None:
    page.locator("#ivr-save").click()
    expect(page.locator("#ivr-save")).to_have_count(0)


def test_the_tutorial_leads_from_nothing_to_a_number_that_answers(console, check_page, owner, ours, language, done):
    page = console.sign_in_by_hand(owner)
    expect(page.locator("html")).to_have_attribute("lang", language)
    check_page(page, f"tutorial-{language}-start")
    assert done() == ""

    # a. Number
    console.open("/setting/number")
    page.locator("#content-main a[href$='/add/'], a[href$='/setting/number/add/']").first.click()
    page.locator("#id_number").fill("+84 24 7308 2686")
    save(page)
    assert done() == "a"

    # b. IVR tree and its first node
    console.open(reverse("admin:ivr_ivrtree_add"))
    page.locator("[name=tree_name]").fill("Hotline")
    page.locator("[name=tree_name]").press("Enter")
    page.locator("#ivr-node_name").fill("Welcome")
    page.locator("#ivr-node_play_content").fill(WELCOME[language])
    save_in_outline(page)
    tree_page = page.url
    assert done() == "ab"

    # c. Agent, with a SIP phone account
    console.open("/setting/agent/add/")
    page.locator("#id_name").fill("Nguyễn Thị Lan")
    page.locator("#id_stringee_user_id").fill("lan")
    page.locator("#id_create_sip").check()
    page.locator("#id_sip_password").fill("correct horse")
    save(page)
    assert done() == "abc"

    # d. Group, with the agent in it
    console.open("/setting/group/add/")
    page.locator("#id_name").fill("Support")
    page.locator(".pick-many-list input").first.check()
    save(page)
    assert done() == "abcd"

    # e. Queue
    console.open("/setting/queue/add/")
    page.locator("#id_name").fill("Queue 1")
    save(page)
    assert done() == "abcde"

    # f. Group routing, from the queue's row
    console.open("/setting/queue")
    page.locator("#result_list tbody a[href*='routing'], #result_list tbody a[href*='groups']").first.click()
    page.locator("button[name=to][value=primary]").click()
    page.wait_for_load_state()
    check_page(page, f"tutorial-{language}-routing")
    assert done() == "abcdef"

    # g. A key that leads to the queue
    page.goto(tree_page)
    page.locator("[id^=add-key-]").click()
    page.locator("#ivr-node_key").select_option("1")
    page.locator("#ivr-action").select_option("2")
    page.locator("#ivr-queue").select_option(label="Queue 1")
    save_in_outline(page)
    check_page(page, f"tutorial-{language}-tree")
    assert done() == "abcdefg"

    # h. Greeting file
    console.open(reverse("admin:ivr_greetingfile_add"))
    page.locator("input[type=file]").set_input_files(
        [{"name": "nhạc chờ.wav", "mimeType": "audio/wav", "buffer": wav(tone(2.0))}]
    )
    page.locator("#greeting-send").click()
    expect(page.locator(".greeting-file a").first).to_be_visible()
    assert done() == "abcdefgh"

    # i. The number answers with the tree
    console.open(reverse("admin:numbers_app_number_change", args=[Number.objects.get().pk]))
    page.locator("#id_enable_ivr").check()
    page.locator("#id_ivr_tree").select_option(label="Hotline")
    save(page)
    assert done() == "abcdefghi"

    console.open("/")
    check_page(page, f"tutorial-{language}-done")
    number, tree, queue = Number.objects.get(), IvrTree.objects.get(), Queue.objects.get()
    assert (number.digits, number.enable_ivr, number.ivr_tree) == ("842473082686", True, tree)
    assert tree.root_node.keys.get().queue == queue
    assert GroupRouting.objects.get().group.agents.get() == Agent.objects.get(stringee_user_id="lan")
    assert SipAccount.objects.get().login == f"{ours.pk}_lan"
    assert GreetingFile.objects.get().duration_ms == 2000
    assert [finding for finding in tree_for_linting(tree).findings if finding.severity == "error"] == []
