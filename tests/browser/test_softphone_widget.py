"""The embeddable telephone in a page of somebody else's, which uses its whole API."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urljoin

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from django.contrib.staticfiles import finders
from playwright.sync_api import Frame, Page, Route, expect

from tests.browser.scripted_door import Door

EVENTS = [
    "displayModeChange", "requestNewToken", "authen", "disconnect", "signalingstate", "beforeMakeCall",
    "makeOutgoingCallBtnClick", "makeOutgoingCallResult", "incomingCall", "answerIncomingCallBtnClick",
    "declineIncomingCallBtnClick", "endCallBtnClick", "callingScreenHide", "incomingScreenHide", "customMessage",
    "messageFromTopic", "addlocalstream", "transferCallBtnClick", "addParticipantBtnClick", "setRoutingType",
    "otherdeviceauthen", "mediastate",
]  # fmt: skip
HTML = """<!DOCTYPE html><html lang="en"><head><title>Shop</title></head><body><h1>Shop</h1><div id="home"></div>
<script src="%(script)s"></script><script>
  window.seen = [];
  %(events)s.forEach((name) => StringeeSoftPhone.on(name, (...values) => {
    window.seen.push([name, ...values.map((value) => value instanceof Object ? Object.assign({}, value) : value)]);
    if (name === "incomingCall") window.lastCall = values[0];
    if (name === "beforeMakeCall") { values[0].custom = "order 7"; return window.mayCall; }
  }));
  StringeeSoftPhone.init(%(config)s);
</script></body></html>"""
NUMBERS = "fromNumbers: [{ alias: 'Sales', number: '+842473082686' }]"


class ShopServer(ThreadingHTTPServer):
    """Somebody else's web server: another origin than ours, and one to which browsers give a microphone."""

    body = b""


def _static_file(path: str) -> tuple[str, bytes]:
    found = finders.find(path)
    assert isinstance(found, str)
    return mimetypes.guess_type(path)[0] or "", Path(found).read_bytes()


class ShopPages(BaseHTTPRequestHandler):
    server: ShopServer

    def do_GET(self) -> None:
        path = self.path.removeprefix("/static/")
        kind, body = ("text/html", self.server.body) if path == self.path else _static_file(path)
        self.send_response(200)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: Any) -> None:
        """Tests say what went wrong."""


class Shop:
    """A page with the telephone in it."""

    def __init__(self, console: Any, door: Door, server: ShopServer) -> None:
        self.server = server
        self.page: Page = console.page
        self.address: str = console.address
        self.door = door

    def open(self, config: str = "{}", script: str = "/js/StringeeSoftPhone-lastest.js", events: Any = None) -> None:
        names = EVENTS if events is None else events
        body = HTML % {"script": urljoin(self.address, script), "events": names, "config": config}
        self.server.body = body.encode()
        self.page.goto(f"http://127.0.0.1:{self.server.server_port}/")
        self.page.wait_for_function("StringeeSoftPhone._ready")

    def connect(self, token: str = "token-1") -> None:
        self.page.evaluate("token => StringeeSoftPhone.connect(token)", token)
        self.page.wait_for_function("StringeeSoftPhone.connected")

    @property
    def frame(self) -> Frame:
        return self.page.frames[-1]

    def seen(self, name: str, count: int = 1) -> list[Any]:
        """The values of an event, once it was told so often."""
        look = "([name, count]) => seen.filter((each) => each[0] === name).length >= count"
        self.page.wait_for_function(look, arg=[name, count])
        values: list[Any] = self.page.evaluate("name => seen.filter((e) => e[0] === name).map((e) => e.slice(1))", name)
        return values

    def names(self) -> list[str]:
        names: list[str] = self.page.evaluate("seen.map((each) => each[0])")
        return names


def _from_anywhere(route: Route) -> None:
    """Our web server lets every site load static files; the one of these tests does not."""
    response = route.fetch()
    route.fulfill(response=response, headers={**response.headers, "Access-Control-Allow-Origin": "*"})


@pytest.fixture(scope="module")
def shop_server() -> Iterator[ShopServer]:
    with ShopServer(("127.0.0.1", 0), ShopPages) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def shop(console, ours, shop_server):
    shop = Shop(console, Door(console.page), shop_server)
    shop.page.context.route("**/static/softphone/**", _from_anywhere)
    return shop


@pytest.fixture
def open_shop(shop):
    shop.open(f"{{ showMode: 'full', right: 20, bottom: 30, {NUMBERS} }}")
    shop.connect()
    return shop


@pytest.mark.parametrize(
    "script",
    [
        "/js/StringeeSoftPhone-lastest.js",
        "/softphone/js/StringeeSoftPhone-lastest.js",
        "/web_phone/lastest/js/StringeeSoftPhone-lastest.js",
    ],
)
def test_script_is_at_the_addresses_that_pages_have(shop, script):
    shop.open(script=script)
    assert shop.page.evaluate("Object.keys(window).includes('StringeeSoftPhone')")


# ── Looks ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def box(shop) -> dict[str, Any]:
    found: dict[str, Any] = shop.page.evaluate(
        """() => { const e = document.querySelector(".stringee_iframe_wrapper"), s = getComputedStyle(e);
        return { width: e.offsetWidth, height: e.offsetHeight, z: s.zIndex, position: s.position, right: s.right,
                 bottom: s.bottom, arrow: Boolean(e.querySelector(".drop-down-rectangle1")) }; }"""
    )
    return found


def test_sizes_and_places_are_the_known_ones(open_shop):
    assert box(open_shop) == {
        "width": 287,
        "height": 538,
        "z": "16000015",
        "position": "fixed",
        "right": "20px",
        "bottom": "30px",
        "arrow": True,
    }
    open_shop.page.evaluate("StringeeSoftPhone.show('min')")
    assert (box(open_shop)["width"], box(open_shop)["height"]) == (206, 44)
    open_shop.page.evaluate("StringeeSoftPhone.config({ showMode: 'none', right: 5 })")
    assert open_shop.page.locator(".stringee_iframe_wrapper").is_hidden()
    assert open_shop.seen("displayModeChange", 2) == [["min"], ["none"]]


def test_it_can_live_inside_an_element(shop):
    shop.open("{ appendToElement: 'home' }")
    assert shop.page.evaluate("document.querySelector('#home .stringee_iframe_wrapper').style.position") == "absolute"


@pytest.mark.parametrize("mode", ["full", "min"])
def test_widget_is_accessible(open_shop, mode):
    open_shop.page.evaluate("mode => StringeeSoftPhone.show(mode)", mode)
    open_shop.frame.evaluate(AXE_FILE_PATH.read_text(encoding="utf-8"))
    found = open_shop.frame.evaluate(
        "async () => (await axe.run()).violations.map((each) => [each.id, each.nodes[0].html])"
    )
    assert found == []


def test_it_speaks_vietnamese(shop):
    shop.open("{ lang: 'vi' }")
    expect(shop.frame.get_by_role("button", name="Gọi", exact=True)).to_be_visible()


def test_labels_can_be_replaced(open_shop):
    open_shop.page.evaluate("StringeeSoftPhone.setLabelHtml('.lbl-to', '<i>Customer</i>')")
    expect(open_shop.frame.locator(".lbl-to i")).to_have_text("Customer")


# ── Being connected ──────────────────────────────────────────────────────────────────────────────────────────────────
def test_token_that_comes_before_the_frame_is_ready_is_used_later(shop):
    shop.page.add_init_script(
        "addEventListener('DOMContentLoaded', () => window.StringeeSoftPhone && StringeeSoftPhone.connect('early'))"
    )
    shop.open()
    assert shop.door.wait_for(2)["accesstoken"] == "early"
    assert shop.seen("authen")[0][0]["message"] == "SUCCESS"


def test_page_can_name_another_server(shop):
    shop.page.context.route_web_socket("wss://phone.example.net:6899/**", shop.door._connected)
    shop.open("{ _stringeeServerAddr: 'https://phone.example.net:6899' }")
    shop.connect()
    assert shop.door.socket.url == "wss://phone.example.net:6899/"


def test_expired_token_is_asked_for_and_replaced(shop):
    shop.door.answers[2] = {"r": 6, "message": "the token has expired"}
    shop.open()
    shop.page.evaluate("StringeeSoftPhone.connect('old')")
    assert shop.seen("requestNewToken") == [[]]
    assert shop.seen("authen")[0][0]["r"] == 6
    shop.door.answers[2] = {}
    shop.page.evaluate("StringeeSoftPhone.disconnect(); StringeeSoftPhone.connect('new')")
    assert shop.door.wait_for(2, 2)["accesstoken"] == "new"
    shop.page.wait_for_function("StringeeSoftPhone.connected")


def test_loss_of_the_connection_is_told(open_shop):
    open_shop.door.socket.close()
    assert open_shop.seen("disconnect") == [[]]
    open_shop.page.wait_for_function("StringeeSoftPhone.connected")


def test_messages_are_passed_on(open_shop):
    open_shop.door.say(55, fromUser="an", message={"text": "hi"})
    open_shop.door.say(102, topic="agents", message={"lan": "busy"})
    open_shop.door.say(104, clientId="web-1", browserId="b", status="connected")
    assert open_shop.seen("customMessage")[0][0]["message"] == {"text": "hi"}
    assert open_shop.seen("messageFromTopic")[0][0]["topic"] == "agents"
    assert open_shop.seen("otherdeviceauthen")[0][0]["clientId"] == "web-1"


# ── Calling ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def make_call(shop, from_="+84 2473082686", to="0909982888") -> Any:
    return shop.page.evaluate(
        "([from, to]) => new Promise((done) => StringeeSoftPhone.makeCall(from, to, done))", [from_, to]
    )


def test_page_dials_and_is_told_how_it_goes(open_shop):
    assert make_call(open_shop, to="+840909982888") == {"r": 0, "msg": "Success"}
    assert open_shop.door.wait_for(26) == {
        "fromNumber": "842473082686",
        "toNumber": "84909982888",
        "video": False,
        "custom": "order 7",
    }
    result = open_shop.seen("makeOutgoingCallResult")[0][0]
    assert (result["r"], result["callId"], result["customDataFromYourServer"]) == (0, "call-out", "{}")
    open_shop.door.page = open_shop.page
    open_shop.door.accept_offer()
    for code in (100, 183, 200):
        open_shop.door.say(32, callId="call-out", code=code, reason="x")
    states = [(state["code"], state["reason"], state["sipCode"]) for (state,) in open_shop.seen("signalingstate", 3)]
    assert states == [(1, "Calling", 100), (2, "Ringing", 183), (3, "Answered", 200)]
    assert open_shop.seen("mediastate")[0][0]["code"] == 1
    assert make_call(open_shop) == {"r": 2, "msg": "Busy with another call"}
    open_shop.door.say(30, callId="call-out")
    assert open_shop.seen("signalingstate", 4)[3][0]["reason"] == "Ended"
    assert open_shop.seen("callingScreenHide") == [[]]


def test_busy_is_told_once(open_shop):
    make_call(open_shop)
    open_shop.door.accept_offer()
    open_shop.door.say(32, callId="call-out", code=486, reason="Busy Here")
    open_shop.seen("callingScreenHide")
    assert [state["code"] for (state,) in open_shop.seen("signalingstate")] == [5]


def test_end_of_a_call_that_reaches_nobody_is_told_once(open_shop):
    make_call(open_shop)
    open_shop.door.accept_offer()
    open_shop.door.say(32, callId="call-out", code=480, reason="Temporarily Unavailable")
    open_shop.seen("callingScreenHide")
    states = [(state["code"], state["sipCode"]) for (state,) in open_shop.seen("signalingstate")]
    assert states == [(6, 480)]


def test_page_can_forbid_a_call_before_it_is_made(open_shop):
    open_shop.page.evaluate("window.mayCall = false")
    make_call(open_shop)
    open_shop.seen("beforeMakeCall")
    open_shop.page.evaluate("window.mayCall = undefined")
    assert open_shop.door.bodies(26) == []


def test_green_button_tells_and_dials(open_shop):
    open_shop.frame.locator("#page-diapad .wrap-typing-number input").fill("84909982888")
    open_shop.frame.get_by_role("button", name="Call", exact=True).click()
    assert open_shop.seen("makeOutgoingCallBtnClick") == [["842473082686", "84909982888", "callout"]]
    assert open_shop.door.wait_for(26)["toNumber"] == "84909982888"


def test_nothing_is_dialled_without_a_connection(shop):
    shop.open()
    assert make_call(shop) == {"r": 1, "msg": "Not ready"}
    assert shop.page.evaluate("[StringeeSoftPhone.answerCall(), StringeeSoftPhone.hangupCall()]") == [False, False]


# ── Being called ─────────────────────────────────────────────────────────────────────────────────────────────────────
def ring(shop, **body) -> None:
    shop.door.ring(fromAlias="crm-callout", toAlias="Hotline", customDataFromYourServer='{"id": 7}', **body)


def test_call_that_comes_in_shows_the_widget_and_is_told(open_shop):
    open_shop.page.evaluate("StringeeSoftPhone.show('min')")
    ring(open_shop)
    open_shop.seen("incomingCall")
    assert box(open_shop)["height"] == 538
    expect(open_shop.frame.locator("#party")).to_have_text("crm-callout")
    expect(open_shop.frame.locator("#via")).to_have_text("via Hotline")
    facts = open_shop.page.evaluate(
        "[lastCall.callId, lastCall.fromAlias, lastCall.fromNumber, lastCall.toAlias, lastCall.fromInternal, "
        "JSON.parse(lastCall.customDataFromYourServer).id, "
        "StringeeSoftPhone._iframe.contentWindow.stringeePhone.currentCall === lastCall]"
    )
    assert facts == ["call-in", "crm-callout", "84900000001", "Hotline", False, 7, True]


def test_page_answers_and_hangs_up(open_shop):
    ring(open_shop)
    open_shop.seen("incomingCall")
    assert open_shop.page.evaluate("StringeeSoftPhone.answerCall()") is True
    assert open_shop.door.wait_for(31)["code"] == 200
    open_shop.door.offer()
    open_shop.page.wait_for_function("lastCall.isAnswered")
    assert open_shop.page.evaluate("StringeeSoftPhone.sendHold()") is True
    assert open_shop.door.wait_for(100)["hold"] is True
    open_shop.frame.get_by_role("button", name="5", exact=True).click()
    assert open_shop.door.wait_for(34) == {"callId": "call-in", "digits": "5"}
    open_shop.frame.get_by_role("button", name="Transfer").click()
    open_shop.frame.get_by_role("button", name="Add person").click()
    open_shop.seen("transferCallBtnClick")
    open_shop.seen("addParticipantBtnClick")
    assert open_shop.page.evaluate("StringeeSoftPhone.hangupCall()") is True
    assert open_shop.door.wait_for(28)["callId"] == "call-in"
    open_shop.page.wait_for_function("StringeeSoftPhone._iframe.contentWindow.stringeePhone.currentCall === null")


def test_buttons_tell_what_was_clicked(open_shop):
    ring(open_shop)
    open_shop.frame.get_by_role("button", name="Reject").click()
    assert open_shop.seen("declineIncomingCallBtnClick") == [[]]
    assert open_shop.door.wait_for(31)["code"] == 486
    assert open_shop.seen("incomingScreenHide") == [[]]
    open_shop.door.ring("call-two")
    open_shop.frame.get_by_role("button", name="Answer").click()
    open_shop.seen("answerIncomingCallBtnClick")
    open_shop.door.wait_for(31, 2)
    open_shop.door.offer("call-two")
    open_shop.frame.get_by_role("button", name="Hang up").click()
    assert open_shop.seen("endCallBtnClick") == [[]]


def test_second_call_is_rejected_by_itself(open_shop):
    ring(open_shop)
    open_shop.seen("incomingCall")
    open_shop.door.ring("call-two")
    assert open_shop.door.wait_for(31) == {"callId": "call-two", "code": 486, "reasonEndcall": ""}


def test_calls_can_be_picked_up_by_themselves(open_shop):
    open_shop.page.evaluate("StringeeSoftPhone.setAutoPickUp(true)")
    ring(open_shop)
    assert open_shop.door.wait_for(31)["code"] == 200


def test_page_may_play_the_sound_itself(shop):
    shop.open(events=[])
    shop.page.evaluate("StringeeSoftPhone.on('addremotestream', (stream) => { window.heard = stream; })")
    shop.connect()
    shop.door.ring()
    shop.frame.get_by_role("button", name="Answer").click()
    shop.door.wait_for(31)
    shop.door.offer()
    shop.page.wait_for_function("window.heard && heard.getAudioTracks().length === 1")
    assert shop.frame.evaluate("document.getElementById('heard').srcObject") is None


def test_only_the_first_handler_of_an_event_counts(shop):
    shop.open(events=[])
    shop.page.evaluate(
        "window.first = 0; window.second = 0;"
        "StringeeSoftPhone.on('authen', () => first++); StringeeSoftPhone.on('authen', () => second++)"
    )
    shop.connect()
    shop.page.wait_for_function("first === 1")
    assert shop.page.evaluate("second") == 0
    assert shop.page.evaluate("typeof StringeeSoftPhone._onMethods.get('authen')") == "function"


def test_agent_chooses_his_device_and_the_page_is_told(open_shop):
    open_shop.frame.get_by_label("Take calls on").select_option("2")
    assert open_shop.seen("setRoutingType") == [[2]]
    assert open_shop.page.evaluate("StringeeSoftPhone.routingType") == 2


# ── Kinds of calls ───────────────────────────────────────────────────────────────────────────────────────────────────
def test_kind_of_call_is_asked_for_and_a_free_call_goes_to_a_user(shop):
    shop.open(f"{{ askCallTypeWhenMakeCall: true, {NUMBERS} }}")
    shop.connect()
    shop.frame.get_by_label("How to call").select_option("free-voice-call")
    shop.frame.get_by_label("User ID").fill("840lan +x")
    shop.frame.get_by_role("button", name="Call", exact=True).click()
    assert shop.seen("makeOutgoingCallBtnClick") == [["842473082686", "840lan +x", "free-voice-call"]]
    assert shop.door.wait_for(26)["toNumber"] == "840lan +x"


def test_call_with_a_picture_becomes_one_without_and_says_so(open_shop):
    open_shop.page.evaluate("StringeeSoftPhone.makeCall('842473082686', 'lan', null, 'free-video-call')")
    dialled = open_shop.door.wait_for(26)
    assert (dialled["toNumber"], dialled["video"]) == ("lan", False)
    assert open_shop.seen("beforeMakeCall")[0][1] == "free-video-call"
    expect(open_shop.frame.locator("#via")).to_have_text("Calls have no picture here: voice only.")


# ── Calls in a window ────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def with_window(console, ours, shop_server):
    """The shop has the script itself: Playwright lets windows without an address load nothing that it redirects."""
    shop = Shop(console, Door(console.page), shop_server)
    script = f"http://127.0.0.1:{shop_server.server_port}/static/softphone/widget/StringeeSoftPhone.js"
    shop.open(f"{{ makeAndReceiveCallInNewPopupWindow: true, {NUMBERS} }}", script)
    shop.connect()
    return shop


def current_call(shop) -> str:
    at = "StringeeSoftPhone._iframe.contentWindow.stringeePhone.currentCall"
    return str(shop.page.evaluate(f"{at}?.callId ?? ''"))


def test_call_is_made_in_a_window_that_tells_the_page_and_closes(with_window):
    shop, door = with_window, with_window.door
    shop.frame.locator("#to-number").fill("84909982888")
    with shop.page.context.expect_page() as opened:
        shop.frame.get_by_role("button", name="Call", exact=True).click()
    window = opened.value
    assert door.wait_for(26)["custom"] == "order 7"
    assert door.wait_for(2, 2)["deviceId"] != door.wait_for(2)["deviceId"]
    door.accept_offer()
    door.say(32, callId="call-out", code=200, reason="OK")
    expect(window.locator("#call-state")).to_have_text("Connected")
    assert shop.seen("makeOutgoingCallResult")[0][0]["callId"] == "call-out"
    assert shop.seen("signalingstate")[0][0]["reason"] == "Answered"
    assert current_call(shop) == "call-out"
    assert make_call(shop) == {"r": 2, "msg": "Busy with another call"}
    expect(shop.frame.locator("#page-diapad")).to_be_visible()

    with window.expect_event("close"):
        assert shop.page.evaluate("StringeeSoftPhone.hangupCall()")
    assert door.bodies(28) == [{"callId": "call-out", "reasonEndcall": ""}]
    shop.seen("callingScreenHide")
    assert current_call(shop) == ""
    assert shop.page.evaluate("StringeeSoftPhone.connected")


def test_call_that_comes_in_is_answered_in_a_window(with_window):
    shop, door = with_window, with_window.door
    ring(shop)
    in_page = door.socket
    shop.seen("incomingCall")
    with shop.page.context.expect_page() as opened:
        shop.frame.get_by_role("button", name="Answer").click()
    door.wait_for(2, 2)
    ring(shop)  # the door tells whoever signs in what rings
    assert door.wait_for(31) == {"callId": "call-in", "code": 200, "reasonEndcall": ""}
    door.say_to(in_page, 38, type="CALL_STATE", data={"callId": "call-in", "code": 200})
    door.offer()
    expect(opened.value.locator("#call-state")).to_have_text("Connected")
    expect(shop.frame.locator("#page-diapad")).to_be_visible()
    assert shop.seen("mediastate")[0][0]["code"] == 1
    assert current_call(shop) == "call-in"
    assert "signalingstate" not in shop.names()

    door.say_to(in_page, 33, callId="call-two", fromNumber="84900000002", toNumber="lan")
    assert door.wait_for(31, 2) == {"callId": "call-two", "code": 486, "reasonEndcall": ""}

    with opened.value.expect_event("close"):
        door.say(30, callId="call-in")
    assert shop.seen("signalingstate")[0][0]["reason"] == "Ended"


def test_call_in_a_window_outlives_its_page_and_belongs_to_the_next_one(with_window):
    shop, door = with_window, with_window.door
    shop.frame.locator("#to-number").fill("84909982888")
    with shop.page.context.expect_page() as opened:
        shop.frame.get_by_role("button", name="Call", exact=True).click()
    door.accept_offer()
    door.say(32, callId="call-out", code=200, reason="OK")
    expect(opened.value.locator("#call-state")).to_have_text("Connected")
    in_window = door.socket

    shop.page.reload()
    shop.page.wait_for_function("StringeeSoftPhone._ready")
    shop.connect()
    shop.page.wait_for_function(
        "StringeeSoftPhone._iframe.contentWindow.stringeePhone.currentCall?.callId === 'call-out'"
    )
    assert door.bodies(28) == []

    door.say_to(in_window, 30, callId="call-out")
    assert shop.seen("signalingstate")[0][0]["reason"] == "Ended"


def test_page_is_free_again_when_somebody_closes_the_window(with_window):
    shop, door = with_window, with_window.door
    shop.frame.locator("#to-number").fill("84909982888")
    with shop.page.context.expect_page() as opened:
        shop.frame.get_by_role("button", name="Call", exact=True).click()
    door.accept_offer()
    assert make_call(shop) == {"r": 2, "msg": "Busy with another call"}
    opened.value.close()
    shop.page.wait_for_function("StringeeSoftPhone._popup.closed")
    assert make_call(shop) == {"r": 0, "msg": "Success"}


def test_without_leave_for_windows_the_call_stays_in_the_page(with_window):
    with_window.page.evaluate("window.open = () => null")
    make_call(with_window)
    with_window.door.wait_for(26)
    expect(with_window.frame.locator("#page-call")).to_be_visible()
