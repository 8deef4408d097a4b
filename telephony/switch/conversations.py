"""Who talks with whom: bridges of two, guests beside them, hold and mute.

A conversation is a leg, whom it is bridged with, and the guests of both (`Leg.company`); who hears whom follows from
that (`Leg.voices`). Guests belong to their host, and go with it from bridge to bridge. A guest has no guests itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from telephony import port
from telephony.switch.hearing import Hearing
from telephony.switch.hooks import Ears, Parties
from telephony.switch.legs import Leg, State

if TYPE_CHECKING:
    from telephony.switch.switch import Switch


class Conversations:
    """Brings legs together and takes them apart."""

    def __init__(self, switch: Switch, parties: Parties, ears: Ears, hearing: Hearing) -> None:
        self._switch = switch
        self._parties = parties
        self._ears = ears
        self._hearing = hearing

    def bridge(self, leg: Leg, command: port.Bridge) -> None:
        other = self._partner(leg, command.with_leg)
        if other is None or leg.peer is other:
            return
        for each in (leg, other):
            self._step_out(each)
            self._hearing.silence(each)
        leg.peer, other.peer = other, leg
        self._heard_anew(leg)
        for each in (leg, other):
            self._parties.bridged(each)

    def unbridge(self, leg: Leg, command: port.Unbridge) -> None:
        self._step_out(leg)

    def join(self, leg: Leg, command: port.Join) -> None:
        host = self._partner(leg, command.with_leg)
        if host is None or host.host is not None:
            return
        if leg.host is host:
            leg.part = command.part
            self._heard_anew(leg)
            return
        self._step_out(leg)
        self._send_guests_away(leg)
        self._hearing.silence(leg)
        leg.host, leg.part = host, command.part
        host.guests.append(leg)
        self._heard_anew(leg)
        self._parties.bridged(leg)

    def hold(self, leg: Leg, command: port.Hold) -> None:
        leg.held, leg.hold_media = leg.peer is not None or leg.host is not None, command.media
        self._heard_anew(leg)

    def unhold(self, leg: Leg, command: port.Unhold) -> None:
        leg.held = False
        self._heard_anew(leg)

    def mute(self, leg: Leg, command: port.Mute) -> None:
        leg.muted = command.on
        self._heard_anew(leg)

    def ended(self, leg: Leg) -> None:
        """A leg is gone; whoever was with it stays, and hears silence or each other."""
        self._step_out(leg)
        self._send_guests_away(leg)

    def _partner(self, leg: Leg, leg_id: str) -> Leg | None:
        """Another leg that may be in a conversation with this one."""
        other = self._switch.legs.get(leg_id)
        both_there = other is not None and leg.state is State.ANSWERED and other.state is State.ANSWERED
        return other if both_there and other is not leg else None

    def _step_out(self, leg: Leg) -> None:
        """Out of its bridge, or its host's conversation; holds end."""
        if (other := leg.peer) is not None:
            for each in (leg, other):
                each.peer, each.held = None, False
                self._parties.parted(each)
            self._heard_anew(leg, other)
        elif (host := leg.host) is not None:
            host.guests.remove(leg)
            leg.host, leg.held = None, False
            self._parties.parted(leg)
            self._heard_anew(leg, host)

    def _send_guests_away(self, leg: Leg) -> None:
        for guest in list(leg.guests):
            self._step_out(guest)

    def _heard_anew(self, *legs: Leg) -> None:
        """Whoever is in a conversation with one of these may hear something else."""
        for each in dict.fromkeys(one for leg in legs for one in (leg, *leg.company)):
            self._ears.changed(each)
