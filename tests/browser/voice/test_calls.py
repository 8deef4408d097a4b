"""People talk: real sound through browsers, the door, the engine and the recording of a whole installation.

Everybody's microphone hears a tone of his own, so that who hears whom can be told by its frequency. Customers call from
the test phone, agents answer on the softphone.
"""

from __future__ import annotations

import logging
import time
from pathlib import Path

import av
import numpy as np
import pytest

from tests.browser.voice.center import SOON_S, connect, hear_each_other
from tests.browser.voice.desk import GREETING_HZ, HOTLINE, MENU
from tests.browser.voice.people import NEAR_HZ, VOICES_HZ, Agent
from tests.fault.test_supervision import crowd

pytestmark = [pytest.mark.browser, pytest.mark.fault]

FREE_WITHIN_S = 5.0  # L3 of the design, on a machine that has a core for each who wants one

log = logging.getLogger(__name__)


def loudest_of_sides(path: Path) -> list[float]:
    """The loudest frequencies of a recording's left and right side, in hertz."""
    with av.open(str(path)) as file:
        rate = file.streams.audio[0].rate
        resampler = av.AudioResampler("fltp", "stereo")
        frames = [made.to_ndarray() for frame in file.decode(audio=0) for made in resampler.resample(frame)]
    spectra = np.abs(np.fft.rfft(np.concatenate(frames, axis=1)))
    return [float(np.argmax(side)) * rate / ((spectra.shape[1] - 1) * 2) for side in spectra]


def test_a_call_from_the_greeting_to_the_recording(center):
    [lan] = center.agents("lan")
    caller = center.caller()

    caller.dial(MENU)
    caller.hears(GREETING_HZ)
    caller.press("1")
    caller.hears_music()
    lan.is_rung()
    lan.sees("incoming-kind", "Sales")
    lan.click("answer")
    hear_each_other(caller, lan)

    lan.click("hold")
    caller.hears_music()
    lan.click("hold")
    hear_each_other(caller, lan)

    lan.click("hang-up")
    caller.sees("ended", "The other side has hung up.")
    lan.sees("wrap-up")
    center.wait(lambda: center.ask("is_free", "lan"))
    lan.sees("dial")
    assert center.ask("last_call") == {"state": "ended", "outcome": "completed", "cause": "normal", "agent": "lan"}
    center.wait(lambda: center.ask("last_recording"))
    recording = center.installation.data_dir / "media" / center.ask("last_recording")["file"]
    left, right = loudest_of_sides(recording)
    assert abs(left - VOICES_HZ["customer"]) < NEAR_HZ
    assert abs(right - VOICES_HZ["lan"]) < NEAR_HZ


def test_a_caller_who_hangs_up_while_it_rings_is_gone(center):
    [lan] = center.agents("lan")
    caller = center.caller()
    caller.dial(HOTLINE)
    lan.is_rung()

    caller.click("hang-up")

    lan.is_in("none")
    center.wait(lambda: center.ask("is_free", "lan"))
    assert center.ask("last_call")["outcome"] == "abandoned"


def first_rung(agents: list[Agent]) -> tuple[Agent, Agent]:
    """Who of two is rung, and the other."""
    deadline = time.monotonic() + SOON_S
    while not (rung := [each for each in agents if each.page.is_visible("#incoming")]):
        assert time.monotonic() < deadline, "nobody is rung"
        agents[0].page.wait_for_timeout(50)
    [first] = rung
    return first, next(each for each in agents if each is not first)


def test_an_agent_rejects_and_the_next_one_is_rung(center):
    agents = center.agents("lan", "minh")
    caller = center.caller()
    caller.dial(HOTLINE)
    first, second = first_rung(agents)

    first.click("reject")

    second.is_rung()
    second.click("answer")
    hear_each_other(caller, second)
    caller.click("hang-up")
    second.is_in("none")


def test_nobody_answers_and_the_next_one_is_rung(center):
    agents = center.agents("lan", "minh")
    caller = center.caller()
    caller.dial(HOTLINE)
    first, second = first_rung(agents)

    second.is_rung()

    first.is_in("none")
    second.click("answer")
    hear_each_other(caller, second)
    second.click("hang-up")
    caller.sees("ended", "The other side has hung up.")


def test_an_agent_asks_a_colleague_and_hands_the_caller_over(center):
    [lan] = center.agents("lan")
    caller = center.caller()
    connect(caller, lan)
    [minh] = center.agents("minh")

    lan.click("transfer")
    lan.page.fill("#transfer-search", "minh")
    lan.page.get_by_role("button", name="Ask first: Minh").click()
    minh.is_rung()
    caller.hears_music()
    minh.click("answer")
    hear_each_other(lan, minh)
    lan.click("hand-over")

    lan.is_in("none")
    hear_each_other(caller, minh)
    minh.click("hang-up")
    caller.sees("ended", "The other side has hung up.")


def test_a_call_goes_on_when_the_connection_comes_back(center):
    [lan] = center.agents("lan")
    caller = center.caller()
    connect(caller, lan)

    lan.break_socket()
    caller.break_socket()

    hear_each_other(caller, lan)
    lan.click("hang-up")
    caller.sees("ended", "The other side has hung up.")


def test_an_engine_that_is_killed_is_noticed_and_its_agents_are_free(center):
    [lan] = center.agents("lan")
    caller = center.caller()
    connect(caller, lan)

    center.installation.kill("engine")
    killed_at = time.monotonic()

    lan.sees("ended", "The call failed.")
    caller.sees("ended", "The call failed.")
    center.wait(lambda: center.ask("activity_of", "lan") != "on_call")
    took_s = time.monotonic() - killed_at
    log.info("the agent is free after %.1f s, with %.1f processes for each core", took_s, crowd())
    assert took_s < FREE_WITHIN_S * max(1.0, crowd())
    assert center.ask("last_call") == {"state": "ended", "outcome": "failed", "cause": "engine_lost", "agent": "lan"}
    center.installation.ensure_ready()
    center.wait(lambda: center.ask("is_free", "lan"))
    connect(caller, lan)
