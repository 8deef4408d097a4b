"""Stringee's Web SDK, unmodified as npm has it, in a real Chromium.

The customer is the same SDK in another page, signed in as a telephone. Each page's microphone is a tone of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.fault.test_supervision import BASE_DIR, Installation
from tests.sdk.center import GREETING_HZ, Facts
from webhooks.tests.receiver import Handler, receiving

FOLDER = BASE_DIR / "tests" / "sdk"
SDK = FOLDER / "node_modules" / "stringee" / "index.js"
FILES = {
    "/": FOLDER / "page.html",
    "/page.js": FOLDER / "page.js",
    "/stringee.js": SDK,
    "/first_generation": FOLDER / "first_generation.html",
    "/first_generation.js": FOLDER / "first_generation.js",
    "/socket.io.js": FOLDER / "node_modules" / "socket.io-client" / "dist" / "socket.io.js",
}
TYPES = {".js": "text/javascript", ".html": "text/html"}
AGENT_HZ, CUSTOMER_HZ, COLLEAGUE_HZ = 1300, 700, 1600
NEAR_HZ = 30
SOON_S = 30.0
IN_ROOMS = "/softphone/ws?calls=2"


def serve_page(request: Handler) -> None:
    """The application's own server, which is another origin than the door's."""
    file = FILES.get(request.path)
    if file is None:
        return request.reply(404)
    return request.reply(200, file.read_bytes(), Content_Type=TYPES[file.suffix])


class Sdk:
    """A page with the SDK in it."""

    def __init__(self, context: BrowserContext, address: str, port: int, hertz: int) -> None:
        self.port = port
        self.page: Page = context.new_page()
        self.page.goto(address)
        self.page.evaluate("hertz => speak(hertz)", hertz)

    def sign_in(self, token: str, path: str = "/softphone/ws") -> Any:
        """Returns what the event `authen` brought."""
        servers = [f"ws://localhost:{self.port}{path}"]
        self.page.evaluate("([token, servers]) => signIn(token, servers)", [token, servers])
        return self.until("seen.authen.at(-1)")

    def dial(self, from_: str, to: str, kind: int = 1) -> Any:
        """Place a call; of the second kind, in a room. Returns the door's answer."""
        return self.page.evaluate("([from, to, kind]) => dial(from, to, kind)", [from_, to, kind])

    def ask(self, method: str, *arguments: Any) -> Any:
        """Call a method of the call that takes a callback. Returns the answer."""
        return self.page.evaluate("([method, args]) => ask(method, ...args)", [method, list(arguments)])

    def get(self, expression: str) -> Any:
        return self.page.evaluate(expression)

    def until(self, expression: str, within_s: float = SOON_S) -> Any:
        """Wait until a JavaScript expression is true. Returns it."""
        handle = self.page.wait_for_function(f"() => {expression}", timeout=within_s * 1000)
        return handle.json_value()

    def hears(self, hertz: float) -> None:
        self.until(f"Math.abs(heard() - {hertz}) < {NEAR_HZ}")

    def hears_no_more(self, hertz: float) -> None:
        self.until(f"Math.abs(heard() - {hertz}) > {NEAR_HZ}")

    def close(self) -> None:
        self.page.close()


@pytest.fixture(scope="module")
def packages() -> None:
    """The SDK, by npm."""
    if all(file.exists() for file in FILES.values()):
        return
    if shutil.which("npm") is None:
        pytest.fail("npm is missing: it installs the SDK that these tests drive. Debian: apt-get install npm")
    command = ["npm", "ci", "--no-audit", "--no-fund", "--loglevel", "error"]
    subprocess.run(command, cwd=FOLDER, check=True, timeout=120)


@pytest.fixture(scope="module")
def facts(voice_installation: Installation) -> Facts:
    command = [sys.executable, "-m", "tests.sdk.center"]
    made = subprocess.run(
        command,
        cwd=BASE_DIR,
        env=voice_installation.environment,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    facts: Facts = json.loads(made.stdout)
    return facts


@pytest.fixture
def sdk(chromium: Browser, installation: Installation, packages: None) -> Iterator[Callable[..., Sdk]]:
    """Opens pages with the SDK in them."""
    contexts: list[BrowserContext] = []
    with receiving() as application:
        application.answer = serve_page

        def open_page(hertz: int = AGENT_HZ) -> Sdk:
            contexts.append(chromium.new_context())
            return Sdk(contexts[-1], f"http://127.0.0.1:{application.port}/", installation.port, hertz)

        yield open_page
        for context in contexts:
            context.close()


@pytest.fixture
def first_generation(chromium: Browser, packages: None) -> Iterator[Page]:
    """A page with the transport that the SDK's first generation uses."""
    context = chromium.new_context()
    with receiving() as application:
        application.answer = serve_page
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{application.port}/first_generation")
        yield page
    context.close()


@pytest.fixture
def agent(sdk: Callable[..., Sdk], facts: Facts) -> Sdk:
    page = sdk(AGENT_HZ)
    assert page.sign_in(facts["agent"])["r"] == 0
    return page


@pytest.fixture
def customer(sdk: Callable[..., Sdk], facts: Facts) -> Sdk:
    page = sdk(CUSTOMER_HZ)
    assert page.sign_in(facts["phone"])["r"] == 0
    return page


@pytest.fixture
def agent_in_room(sdk: Callable[..., Sdk], facts: Facts) -> Sdk:
    """An agent's page that takes the SDK's second kind of call."""
    page = sdk(AGENT_HZ)
    assert page.sign_in(facts["agent"], IN_ROOMS)["r"] == 0
    return page


@pytest.fixture
def customer_in_room(sdk: Callable[..., Sdk], facts: Facts) -> Sdk:
    page = sdk(CUSTOMER_HZ)
    assert page.sign_in(facts["phone"], IN_ROOMS)["r"] == 0
    return page


def states(page: Sdk) -> list[int]:
    return [code for code, *_ in page.get("seen.states")]


def talk(agent: Sdk, customer: Sdk, facts: Facts, kind: int = 1) -> Any:
    """The customer calls the hotline, the agent answers. Returns what the agent was shown."""
    answer = customer.dial(facts["customer"], facts["hotline"], kind)
    assert answer["r"] == 0, answer
    shown = agent.until("seen.incoming.at(-1)")
    assert agent.ask("answer")["r"] == 0
    agent.hears(CUSTOMER_HZ)
    customer.hears(AGENT_HZ)
    return shown


# ── Signing in ───────────────────────────────────────────────────────────────────────────────────────────────────────
def test_sdk_signs_in_and_knows_its_other_pages(sdk, facts):
    first, second = sdk(), sdk()
    authen = first.sign_in(facts["agent"])
    assert (authen["r"], authen["message"], authen["userId"], authen["projectId"]) == (
        0,
        "SUCCESS",
        "lan",
        facts["project"],
    )
    assert len(second.sign_in(facts["agent"])["clients"]) == 1
    first.until("seen.events.includes('otherdeviceauthen connected')")
    second.close()
    first.until("seen.events.includes('otherdeviceauthen disconnected')")


def test_sdk_asks_for_a_new_token_when_its_own_has_ended(sdk, facts):
    page = sdk()
    assert page.sign_in(facts["ended"])["r"] == 6
    page.until("seen.events.includes('requestnewtoken')")
    page.page.evaluate("token => setTimeout(() => client.connect(token), 100)", facts["agent"])
    page.until("seen.authen.at(-1).r === 0")


def test_sdk_may_use_any_path(sdk, facts):
    assert sdk().sign_in(facts["agent"], "/")["r"] == 0


def test_sdk_that_knows_only_an_api_finds_the_door(sdk, facts):
    page = sdk()
    page.page.evaluate("([token, base]) => signIn(token, [], base)", [facts["agent"], f"http://localhost:{page.port}/"])
    found = f"wss://localhost:{page.port}/softphone/ws"
    assert page.until("sockets.at(-1)?.url") == found  # it always wants TLS here, which a test has not


def test_sdk_sends_messages_to_users(sdk, agent, facts):
    other = sdk()
    other.sign_in(facts["plain"])
    assert other.page.evaluate("new Promise(done => client.sendCustomMessage('lan', {x: 1}, (...a) => done(a)))")
    agent.until("""seen.events.includes('custommessage {"fromUser":"lan","message":{"x":1}}')""")


def test_first_generation_signs_in_by_polling_and_goes_over_to_a_websocket(first_generation, installation, facts):
    page = first_generation
    page.evaluate("address => open(address)", f"http://localhost:{installation.port}")
    login = {"accesstoken": facts["agent"], "deviceId": "web-old", "sessionId": "session-old", "platform": 3}
    page.evaluate("login => say(2, login)", login)
    page.wait_for_function("heard.some(([service, body]) => service === 2 && body.r === 0 && body.userId === 'lan')")
    page.wait_for_function("socket.io.engine.transport.name === 'websocket'")
    page.evaluate("say(205, {callId: 'call-1'})")
    page.wait_for_function("heard.some(([service, body]) => service === 205 && body.exist === false)")
    page.evaluate("socket.io.engine.close()")
    page.wait_for_function("heard.length = 0, socket.connected")
    page.evaluate("login => say(2, login)", login)
    page.wait_for_function("heard.some(([service, body]) => service === 2 && body.r === 0)")


# ── Calls ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_sdk_takes_a_call_and_both_hear_each_other(agent, customer, facts):
    shown = talk(agent, customer, facts)
    assert shown["from"] == facts["customer"]
    assert (shown["to"], shown["via"]) == ("lan", facts["hotline"])
    assert (shown["internal"], json.loads(shown["custom"])) == (False, {})
    assert agent.ask("sendDtmf", "5")["r"] == 0
    assert agent.ask("sendInfo", {"note": 1})["r"] == 0
    customer.until("seen.infos.length")
    assert customer.get("seen.infos") == [{"note": 1}]
    assert agent.ask("hangup")["r"] == 0
    customer.until("seen.states.some(([code]) => code === 6)")
    assert states(customer)[-1] == 6
    assert "media Connected" in agent.get("seen.events")


def test_sdk_holds_the_customer_and_takes_him_back(agent, customer, facts):
    talk(agent, customer, facts)
    assert agent.get("call.hold()")
    customer.hears_no_more(AGENT_HZ)
    assert agent.get("call.unhold()")
    customer.hears(AGENT_HZ)
    agent.hears(CUSTOMER_HZ)
    assert agent.ask("sendHold", None)["r"] == 0
    customer.hears_no_more(AGENT_HZ)
    assert agent.ask("sendUnHold")["r"] == 0
    customer.hears(AGENT_HZ)
    customer.ask("hangup")
    agent.until("seen.states.some(([code]) => code === 6)")


def test_sdk_calls_a_customer_whose_telephone_rings(agent, customer, facts):
    answer = agent.dial(facts["hotline"], facts["customer"])
    assert (answer["r"], answer["toType"]) == (0, "external"), answer
    assert json.loads(answer["customDataFromYourServer"]) == {}
    shown = customer.until("seen.incoming.at(-1)")
    assert shown["callId"] == answer["callId"]
    assert customer.ask("answer")["r"] == 0
    agent.hears(CUSTOMER_HZ)
    customer.hears(AGENT_HZ)
    assert states(agent)[0] == 1
    assert states(agent)[-1] == 3
    assert customer.ask("hangup")["r"] == 0
    agent.until("seen.states.some(([code]) => code === 6)")


def test_sdk_rejects_and_gives_up(agent, customer, facts):
    agent.dial(facts["hotline"], facts["customer"])
    customer.until("seen.incoming.length")
    assert customer.ask("reject")["r"] == 0
    agent.until("seen.states.some(([code]) => code === 5 || code === 6)")
    agent.dial(facts["hotline"], facts["customer"])
    customer.until("seen.incoming.length === 2")
    assert agent.ask("hangup")["r"] == 0
    customer.until("seen.states.some(([code]) => code === 6)")


def test_sdk_without_the_contact_centers_claim_may_not_call(sdk, facts):
    page = sdk()
    assert page.sign_in(facts["plain"])["r"] == 0
    assert page.dial(facts["hotline"], facts["customer"])["r"] == 11


def test_call_answered_on_another_page_stops_ringing_here(sdk, agent, customer, facts):
    other = sdk()
    other.sign_in(facts["agent"])
    talk(agent, customer, facts)
    other.until("seen.events.includes('otherdevice CALL_STATE 200')")
    agent.ask("hangup")
    other.until("seen.events.includes('otherdevice CALL_END ')")


def test_call_goes_on_when_the_socket_breaks(agent, customer, facts):
    talk(agent, customer, facts)
    agent.get("breakSocket()")
    agent.until("seen.authen.length === 2")
    assert agent.get("seen.authen.at(-1).r") == 0
    agent.hears(CUSTOMER_HZ)
    customer.hears(AGENT_HZ)
    assert agent.ask("sendDtmf", "1")["r"] == 0
    customer.ask("hangup")
    agent.until("seen.states.some(([code]) => code === 6)")


def test_end_that_a_page_has_missed_is_told_when_it_comes_back(agent, customer, facts):
    talk(agent, customer, facts)
    agent.get("breakSocket()")
    customer.ask("hangup")
    agent.until("seen.states.some(([code]) => code === 6)")


def test_calls_of_both_kinds_go_on_when_the_process_with_all_sockets_is_killed(installation, agent, customer, facts):
    talk(agent, customer, facts, kind=2)
    os.killpg(installation.pids()["web"], signal.SIGKILL)
    for page in (agent, customer):
        assert page.until("seen.authen.at(1)", within_s=60)["r"] == 0
    agent.hears(CUSTOMER_HZ)
    customer.hears(AGENT_HZ)
    assert agent.ask("sendDtmf", "1")["r"] == 0
    assert agent.ask("hangup")["r"] == 0
    customer.until("seen.states.some(([code]) => code === 6)")


# ── Calls of the second kind ─────────────────────────────────────────────────────────────────────────────────────────
def test_sdk_takes_a_call_in_a_room_from_a_menu_that_was_heard_in_one(agent_in_room, customer, facts):
    agent, caller = agent_in_room, customer
    answer = caller.dial(facts["customer"], facts["menu"], kind=2)
    assert (answer["r"], answer["toType"]) == (0, "external"), answer
    caller.hears(GREETING_HZ)
    assert caller.ask("sendDtmf", "1")["r"] == 0
    shown = agent.until("seen.incoming.at(-1)")
    assert (shown["kind"], shown["from"], shown["via"]) == (2, facts["customer"], facts["menu"])
    assert json.loads(shown["custom"]) == {}
    assert agent.ask("answer")["r"] == 0
    agent.hears(CUSTOMER_HZ)
    caller.hears(AGENT_HZ)
    assert agent.ask("sendInfo", {"note": 1})["r"] == 0
    caller.until("seen.infos.length")
    assert caller.get("seen.infos[0].msg") == {"note": 1}
    agent.get("call.mute(true)")
    caller.hears_no_more(AGENT_HZ)
    agent.get("call.mute(false)")
    caller.hears(AGENT_HZ)
    assert agent.ask("hangup")["r"] == 0
    caller.until("seen.states.some(([code]) => code === 6)")
    assert states(caller)[0] == 1
    assert states(caller)[-2:] == [3, 6]
    assert "media Connected" in agent.get("seen.events")


def test_sdk_calls_out_in_a_room_and_holds(agent_in_room, customer, facts):
    agent = agent_in_room
    answer = agent.dial(facts["hotline"], facts["customer"], kind=2)
    assert answer["r"] == 0, answer
    assert (json.loads(answer["customDataFromYourServer"]), "roomToken" in answer) == ({}, False)
    shown = customer.until("seen.incoming.at(-1)")
    assert (shown["kind"], shown["callId"]) == (1, answer["callId"])
    agent.until("heard() > 0")  # that it rings there
    assert states(agent) == [1, 2]
    assert customer.ask("answer")["r"] == 0
    agent.hears(CUSTOMER_HZ)
    customer.hears(AGENT_HZ)
    assert agent.ask("sendHold", None)["r"] == 0
    customer.hears_no_more(AGENT_HZ)
    assert agent.get("call.isOnHold")
    assert agent.ask("sendUnHold")["r"] == 0
    customer.hears(AGENT_HZ)
    assert customer.ask("hangup")["r"] == 0
    agent.until("seen.states.some(([code]) => code === 6)")
    assert states(agent)[-1] == 6


def test_sdk_rejects_and_gives_up_in_rooms(agent_in_room, customer_in_room, facts):
    agent, customer = agent_in_room, customer_in_room
    agent.dial(facts["hotline"], facts["customer"], kind=2)
    customer.until("seen.incoming.length")
    assert customer.ask("reject")["r"] == 0
    agent.until("seen.states.some(([code]) => code === 5 || code === 6)")
    agent.dial(facts["hotline"], facts["customer"], kind=2)
    customer.until("seen.incoming.length === 2")
    assert agent.ask("hangup")["r"] == 0
    customer.until("seen.states.some(([code]) => code === 6)")


def test_sdk_hands_a_call_in_a_room_to_a_colleague(sdk, agent_in_room, customer, facts):
    agent, colleague = agent_in_room, sdk(COLLEAGUE_HZ)
    assert colleague.sign_in(facts["colleague"], IN_ROOMS)["r"] == 0
    talk(agent, customer, facts)
    refused = agent.ask("transferCall", "minh", "agent", "coach")
    assert (refused["r"], "coach" in refused["message"]) == (22, True)
    assert agent.ask("transferCall", "minh", "agent", "blind")["r"] == 0
    agent.until("seen.states.some(([code]) => code === 6)")
    assert colleague.until("seen.incoming.at(-1)")["kind"] == 2
    assert colleague.ask("answer")["r"] == 0
    colleague.hears(CUSTOMER_HZ)
    customer.hears(COLLEAGUE_HZ)
    assert colleague.ask("hangup")["r"] == 0
    customer.until("seen.states.some(([code]) => code === 6)")


def test_pages_of_both_kinds_ring_for_one_call(agent, agent_in_room, customer, facts):
    assert customer.dial(facts["customer"], facts["hotline"])["r"] == 0
    shown = [page.until("seen.incoming.at(-1)") for page in (agent, agent_in_room)]
    assert [each["kind"] for each in shown] == [1, 2]
    assert len({each["callId"] for each in shown}) == 1
    assert agent.ask("answer")["r"] == 0
    agent_in_room.until("seen.events.includes('otherdevice CALL2_STATE 200')")
    agent.hears(CUSTOMER_HZ)
    agent.ask("hangup")
    customer.until("seen.states.some(([code]) => code === 6)")


def test_call_in_a_room_goes_on_when_the_socket_breaks(agent_in_room, customer_in_room, facts):
    agent, customer = agent_in_room, customer_in_room
    talk(agent, customer, facts, kind=2)
    for page in (agent, customer):
        page.get("breakSocket()")
        page.until("seen.authen.length === 2")
    agent.hears(CUSTOMER_HZ)
    customer.hears(AGENT_HZ)
    assert agent.ask("sendDtmf", "1")["r"] == 0
    agent.get("breakSocket()")
    assert customer.ask("hangup")["r"] == 0
    agent.until("seen.states.some(([code]) => code === 6)")
