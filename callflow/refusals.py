"""Why a running or wanted call is not treated as somebody asks: one class each.

Codes and words are the original's where clients know them (docs/compatibility.md, "Calls").
"""

from __future__ import annotations

from calls.domain import Cause
from common.refusals import NotFound, Refusal


class FromNumberNotFound(Refusal):
    """The number to be shown is none of the project's."""

    code = 4

    def __init__(self) -> None:
        super().__init__("FROM_NUMBER_NOT_FOUND")


class NoEngine(Refusal):
    """No voice engine is up that reaches the parties."""

    code = 6

    def __init__(self) -> None:
        super().__init__("SIP_TRUNK_NOT_FOUND: no voice engine is up that reaches the parties.")


class NumberFormat(Refusal):
    """A number is not written as this address wants it."""

    code = 10

    def __init__(self) -> None:
        super().__init__("FROM_NUMBER_OR_TO_NUMBER_INVALID_FORMAT")


class TooManyCalls(Refusal):
    """The project's limits on outbound calls are reached for now."""

    code = 12

    def __init__(self) -> None:
        super().__init__("MAX_CONCURRENT_CALL: the project's limits on outbound calls are reached.")


class ToNumberInvalid(Refusal):
    """What is to be dialled is no telephone number."""

    code = 14

    def __init__(self) -> None:
        super().__init__("TO_NUMBER_INVALID")


class CalloutNotAllowed(Refusal):
    """Settings forbid the call."""

    code = 17

    def __init__(self, why: str) -> None:
        super().__init__(f"NOT_ALLOW_CALLOUT: {why}")


class AgentNotFoundOrInAnotherCall(Refusal):
    """There is no such agent, or he is not available, or has a call."""

    code = 20

    def __init__(self) -> None:
        super().__init__("AGENT_NOT_FOUND_OR_IN_ANOTHER_CALL")


class AgentUnreachable(Refusal):
    """The agent has no device that could ring."""

    code = 21

    def __init__(self) -> None:
        super().__init__("AGENT_NOT_ONLINE: no device of the agent can be rung.")


class NotPossibleNow(Refusal):
    """The call, or the agent, is not in the state for it."""

    code = 22


class CallNotFound(NotFound):
    """The project has no such call."""

    def __init__(self, call_id: str) -> None:
        super().__init__(f"There is no call {call_id[:64]}.")


class CallEnded(NotPossibleNow):
    """The call is over."""

    def __init__(self) -> None:
        super().__init__("The call has ended.")


def of_cause(cause: str) -> Refusal:
    """The refusal for the cause with which the conductor ends a call that it does not begin."""
    match cause:
        case Cause.LIMIT_CONCURRENCY | Cause.LIMIT_RATE:
            return TooManyCalls()
        case Cause.LIMIT_DESTINATION:
            return CalloutNotAllowed("the project's limits forbid this destination.")
        case Cause.INVALID_NUMBER:
            return ToNumberInvalid()
        case Cause.BUSY:
            return AgentNotFoundOrInAnotherCall()
        case Cause.UNREACHABLE:
            return AgentUnreachable()
        case _:
            return CalloutNotAllowed("the number's settings forbid outbound calls.")
