"""The simulated engine: a switch whose people and phones are scripts.

Every method must be called on the scheduler's thread. Events are told by the scheduler, never from within a command.
"""

from __future__ import annotations

from telephony import port
from telephony.adapters.base import Emit
from telephony.adapters.simulated.people import People
from telephony.adapters.simulated.phones import KnowsPhones, ScriptedPhones
from telephony.adapters.simulated.recorder import WriteRecording, WrittenTapes, write_nothing
from telephony.adapters.simulated.script import CallerScript
from telephony.adapters.simulated.sounds import Sounds
from telephony.switch.hooks import Ears
from telephony.switch.scheduler import Scheduler
from telephony.switch.switch import Switch


class SimulatedEngine(Switch):
    """Does the port's commands and tells the port's events."""

    def __init__(
        self,
        node: str,
        scheduler: Scheduler,
        emit: Emit,
        phones: KnowsPhones,
        sounds: Sounds | None = None,
        write_recording: WriteRecording = write_nothing,
    ) -> None:
        self.people = People(self)
        scripted = ScriptedPhones(self, self.people, phones)
        tapes = WrittenTapes(write_recording)
        super().__init__(node, scheduler, emit, scripted, self.people, sounds or Sounds(), Ears(), tapes)

    def call(self, incoming: port.Incoming, script: CallerScript | None = None) -> None:
        """A party calls. A leg that was there already stays what it is."""
        if not self.knows(incoming.leg):
            self.people.follow(incoming.leg, script or CallerScript())
        super().call(incoming)
