"""A real Chromium against the real console: `console` opens pages, `check_page` holds them to the rules."""

from __future__ import annotations

import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect, sync_playwright

from projects.models import Project, User
from tests import console as without_browser
from tests.factories import PASSWORD

WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 320, "height": 720}
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A microphone that beeps, for pages with a telephone in them.
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--allow-loopback-in-peer-connection",
]
SOON_MS = 30_000  # on a machine that is busy with other tests; nobody waits so long for what happens
# What is asked for has come, what has changed is drawn, and what fades or moves has come to its end. A browser that
# draws no frames, or an animation that never ends, is not waited for: the test is to find what is then wrong.
SETTLED = """async () => {
    const pause = (ms) => new Promise((done) => setTimeout(done, ms));
    const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    const drawn = () => Promise.race([frame(), pause(500)]);
    const moves = (each) => each.playState === "running" && Number.isFinite(each.effect.getComputedTiming().endTime);
    const until = performance.now() + 5000;
    do {
        await drawn();
        await drawn();
        const ends = document.getAnimations().filter(moves).map((each) => each.finished);
        await Promise.race([Promise.allSettled(ends), pause(1000)]);
        if (performance.now() > until) break;
    } while (document.querySelector(".htmx-request") || document.getAnimations().some(moves));
}"""
# No rule that is on reads the style sheets, which are long: only sounds are loaded for axe.
AXE_OPTIONS = {"resultTypes": ["violations"], "preload": {"assets": ["media"]}}
# What a theme can change: the rest of the page is the same in the dark.
AXE_ON_COLOURS = {**AXE_OPTIONS, "runOnly": ["color-contrast", "link-in-text-block"]}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def launch() -> Iterator[Callable[..., Browser]]:
    """Starts browsers, given more arguments. Debian's Chromium, or any on the path; without one, tests fail."""
    # Playwright's own event loop runs in this thread, which is enough for Django to suspect an async caller.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.fail("No Chromium found. Install it (Debian: apt-get install chromium) and run the tests again.")
    expect.set_options(timeout=SOON_MS)
    with sync_playwright() as playwright:
        yield lambda *more: playwright.chromium.launch(executable_path=program, args=[*CHROMIUM_ARGUMENTS, *more])


@pytest.fixture(scope="session")
def chromium(launch: Callable[..., Browser]) -> Iterator[Browser]:
    """One browser for the whole run."""
    browser = launch()
    yield browser
    browser.close()


@pytest.fixture(autouse=True)
def _every_request_has_ended(request: pytest.FixtureRequest, _own_folder_for_files: None) -> Iterator[None]:
    """Wait for what closed pages have asked for: answered later, it would take this test's settings into the next one.

    Needs the database and the settings, so that these are put back afterwards.
    """
    if "live_server" in request.fixturenames:
        request.getfixturevalue("transactional_db")
    yield
    until = time.monotonic() + SOON_MS / 1000
    while _requests_running() and time.monotonic() < until:
        time.sleep(0.01)


def _requests_running() -> bool:
    """Whether the server of the tests answers something: threads that are about to start count."""
    return any(thread.name.endswith("(process_request_thread)") for thread in threading.enumerate())


class Console:
    """A browser window on the console."""

    def __init__(self, browser: Browser, address: str, *, language: str = "en") -> None:
        self.address = address
        self.context: BrowserContext = browser.new_context(viewport=WIDE, locale=language)
        self.context.set_default_timeout(SOON_MS)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._note_message)
        self.page.on("pageerror", lambda error: self.complaints.append(f"page error: {error}"))
        self.page.on("request", self._note_request)

    def _note_message(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")

    def _note_request(self, request: Request) -> None:
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.complaints.append(f"asks another host: {request.url}")

    def open(self, path: str) -> Page:
        """Go to a page of the console."""
        self.page.goto(self.address + path)
        return self.page

    def sign_in(self, user: User, project: Project | None = None) -> Page:
        """Be signed in, in a project when one is given, and see the home page."""
        client = without_browser.sign_in(user, project)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
        self.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": self.address}])
        return self.open("/")

    def sign_in_by_hand(self, user: User, password: str = PASSWORD) -> Page:
        """Type the user name and the password into the sign-in page."""
        page = self.open("/login/")
        page.fill("#id_username", user.username)
        page.fill("#id_password", password)
        page.click("#login-form button")
        page.wait_for_load_state()
        return page


@pytest.fixture
def console(chromium: Browser, live_server, transactional_db) -> Iterator[Console]:
    """A window on the running console, nobody signed in yet. Every test gets its own cookies."""
    window = Console(chromium, live_server.url)
    yield window
    window.context.close()


@pytest.fixture
def check_page(console: Console):
    """A function that holds the open page to the rules: `check_page(page)`, or with a `name` for its pictures.

    No axe violation of any impact, in light and dark, wide and at 320 px; no error and no breach of the content
    security policy in the browser's console; nothing from another host; no sideways scrolling. With PCC_SCREENSHOTS
    set to a folder, pictures are kept there.
    """

    def check(page: Page, name: str = "") -> None:
        page.wait_for_load_state()
        name = name or re.sub(r"[^a-z0-9]+", "-", page.url.removeprefix(console.address).lower()).strip("-") or "home"
        problems = []
        dressings = ((WIDE, "light", AXE_OPTIONS), (WIDE, "dark", AXE_ON_COLOURS), (NARROW, "light", AXE_OPTIONS))
        for width, theme, options in dressings:
            page.set_viewport_size(width)
            _dress(page, theme)
            problems += [f"{width['width']} px, {theme}: {found}" for found in _found_by_axe(page, options)]
            wider_by = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            if wider_by > 0:
                problems.append(f"{width['width']} px: the page is {wider_by} px too wide")
            _keep_picture(page, f"{name}-{width['width']}-{theme}")
        page.set_viewport_size(WIDE)
        _dress(page, "light")
        problems += console.complaints
        console.complaints.clear()
        assert not problems, f"{name} ({page.url}):\n" + "\n".join(problems)

    return check


def _dress(page: Page, theme: str) -> None:
    page.emulate_media(color_scheme=theme)
    page.evaluate("dark => document.documentElement.classList.toggle('dark', dark)", theme == "dark")
    page.evaluate(SETTLED)


def _found_by_axe(page: Page, options: dict[str, Any]) -> list[str]:
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_FILE_PATH.read_text(encoding="utf-8"))
    found: list[str] = page.evaluate(
        """async (options) => (await axe.run(options)).violations.map(each =>
            `${each.id} (${each.impact}): ${each.help}\\n      ` +
            each.nodes.slice(0, 5).map(node => node.html.slice(0, 200)).join("\\n      "))""",
        options,
    )
    return found


def _keep_picture(page: Page, name: str) -> None:
    if folder := os.environ.get("PCC_SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
