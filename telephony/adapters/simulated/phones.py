"""Which phone does what, for engines that know it beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from telephony import port
from telephony.adapters.simulated.script import Does, PhoneScript

NOBODY = PhoneScript(does=Does.UNREACHABLE, after_s=0.0)
USUAL_TELEPHONE = PhoneScript(after_s=5.0, talk_s=30.0, rings_after_s=1.0)  # lets a person try a forwarding out


@dataclass(frozen=True, slots=True)
class FixedPhones:
    """Scripts by endpoint. Telephones without one do the usual, users without one have no device."""

    scripts: Mapping[str, PhoneScript] = field(default_factory=dict)
    telephone: PhoneScript = USUAL_TELEPHONE

    def script_for(self, endpoint: str, dial: port.Dial) -> PhoneScript:
        if (script := self.scripts.get(endpoint)) is not None:
            return script
        return self.telephone if endpoint.startswith("tel:") else NOBODY
