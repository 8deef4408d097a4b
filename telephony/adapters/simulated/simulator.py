"""The engine as people try it out: simulated calls, and agents who are online while such a call lasts."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from telephony import port
from telephony.adapters.base import Emit
from telephony.adapters.simulated.engine import SimulatedEngine
from telephony.adapters.simulated.phones import NOBODY, USUAL_TELEPHONE
from telephony.adapters.simulated.recorder import WriteRecording, write_nothing
from telephony.adapters.simulated.script import PhoneScript, ScriptUnreadable, Simulation, simulation
from telephony.adapters.simulated.sounds import Sounds
from telephony.switch.scheduler import Scheduler

DEVICE_EXPIRES_S = 4 * 3600  # no simulated call lasts so long

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Call:
    """A simulated call that lasts."""

    project_id: int
    simulation: Simulation


class Simulator:
    """A simulated engine that also starts callers (`SimulateCall`). On the scheduler's thread, as the engine."""

    def __init__(
        self,
        node: str,
        scheduler: Scheduler,
        emit: Emit,
        sounds: Sounds | None = None,
        write_recording: WriteRecording = write_nothing,
    ) -> None:
        self.engine = SimulatedEngine(node, scheduler, self._hear, self, sounds, write_recording)
        self._emit = emit
        self._calls: dict[str, _Call] = {}  # by the caller's leg; of several that name a user or phone, the last holds

    def execute(self, command: port.Command) -> None:
        """Do a command of the port, every one of them."""
        if isinstance(command, port.SimulateCall):
            self._simulate(command)
        else:
            self.engine.execute(command)

    def script_for(self, endpoint: str, dial: port.Dial) -> PhoneScript:
        """What a phone does: as the running simulations say; otherwise telephones answer and talk, users are away."""
        kind, _, name = endpoint.partition(":")
        for call in reversed(self._calls.values()):
            script = call.simulation.phones.get(name) if kind == "tel" else _agent(call, kind, name)
            if script is not None:
                return script
        return USUAL_TELEPHONE if kind == "tel" else NOBODY

    def _simulate(self, command: port.SimulateCall) -> None:
        if self.engine.knows(command.leg):
            return
        try:
            script = simulation(command.script)
        except ScriptUnreadable as error:
            log.warning("simulated call is not understood", extra={"leg": command.leg, "reason": str(error)})
            return
        already = self._online(command.project_id)
        self._calls[command.leg] = _Call(command.project_id, script)
        for user in dict.fromkeys(script.agents.users):
            if user not in already:
                self.engine.tell(self._device_up(command.project_id, user))
        incoming = port.Incoming(
            command.leg, self.engine.node, command.from_number, command.to_number, f"tel:{command.from_number}"
        )
        self.engine.call(incoming, script.caller)

    def _hear(self, event: port.Event) -> None:
        self._emit(event)
        if isinstance(event, port.Ended) and (call := self._calls.pop(event.leg, None)) is not None:
            still = self._online(call.project_id)
            for user in dict.fromkeys(call.simulation.agents.users):
                if user not in still:
                    self.engine.tell(self._device_down(call.project_id, user))

    def _online(self, project_id: int) -> set[str]:
        of_project = [call for call in self._calls.values() if call.project_id == project_id]
        return {user for call in of_project for user in call.simulation.agents.users}

    def _device_up(self, project_id: int, user: str) -> port.DeviceUp:
        return port.DeviceUp(self.engine.node, project_id, user, "web", device_of(user), DEVICE_EXPIRES_S)

    def _device_down(self, project_id: int, user: str) -> port.DeviceDown:
        return port.DeviceDown(self.engine.node, project_id, user, "web", device_of(user))


def device_of(user: str) -> str:
    """The name of a user's simulated device."""
    return f"simulated-{user}"


def _agent(call: _Call, kind: str, name: str) -> PhoneScript | None:
    agents = call.simulation.agents
    online = kind == "web" and any(name == f"{call.project_id}_{user}" for user in agents.users)
    return agents.phone if online else None
