"""Pure rules of calls and their legs: the states, what leads from one to the next, and how a call can end."""

from __future__ import annotations

from enum import StrEnum

from common.state_table import StateTable


class Direction(StrEnum):
    """Seen from the project."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    INTERNAL = "internal"


class CallState(StrEnum):
    """Where a call is. Only `ENDED` is final."""

    RINGING_IN = "ringing_in"  # it has arrived; nobody has answered it
    IVR = "ivr"  # hears a menu
    PROGRAM = "program"  # follows the instructions of the customer's server (SCCO)
    WAITING = "waiting"  # in a queue
    OFFERED = "offered"  # in a queue, and an agent is being rung for it
    CONNECTED = "connected"  # talks with an agent or another party
    FORWARDING = "forwarding"  # a telephone outside is being rung for it
    VOICEMAIL = "voicemail"  # leaves a message
    ANNOUNCING = "announcing"  # hears a last message
    AUTHORISING = "authorising"  # outbound: the customer's server is asked whether it may go out
    DIALING_AGENT = "dialing_agent"  # outbound: the agent's device rings first
    DIALING_CUSTOMER = "dialing_customer"  # outbound: the customer is being rung
    ENDED = "ended"


class CallEvent(StrEnum):
    """What moves a call."""

    MENU = "menu"
    PROGRAM = "program"
    ENQUEUE = "enqueue"
    OFFER = "offer"
    OFFER_ENDED = "offer_ended"
    CONNECT = "connect"
    FORWARD = "forward"
    VOICEMAIL = "voicemail"
    ANNOUNCE = "announce"
    DIAL_AGENT = "dial_agent"
    DIAL_CUSTOMER = "dial_customer"
    END = "end"


_LISTENING = (CallState.RINGING_IN, CallState.IVR, CallState.PROGRAM, CallState.WAITING, CallState.OFFERED)
_ALIVE = tuple(state for state in CallState if state is not CallState.ENDED)
# Where a caller can be sent on from: he listens, is being forwarded in vain, or talks and is transferred.
_MOVABLE = (*_LISTENING, CallState.FORWARDING, CallState.CONNECTED)

CALL_TABLE = StateTable[CallState, CallEvent](
    {
        **{(state, CallEvent.MENU): CallState.IVR for state in _MOVABLE},
        **{(state, CallEvent.PROGRAM): CallState.PROGRAM for state in _MOVABLE},
        **{(state, CallEvent.ENQUEUE): CallState.WAITING for state in _MOVABLE},
        **{(state, CallEvent.FORWARD): CallState.FORWARDING for state in _MOVABLE},
        **{(state, CallEvent.VOICEMAIL): CallState.VOICEMAIL for state in _MOVABLE},
        **{(state, CallEvent.ANNOUNCE): CallState.ANNOUNCING for state in _MOVABLE},
        (CallState.WAITING, CallEvent.OFFER): CallState.OFFERED,
        (CallState.OFFERED, CallEvent.OFFER_ENDED): CallState.WAITING,
        **{
            (state, CallEvent.CONNECT): CallState.CONNECTED
            for state in (CallState.OFFERED, CallState.FORWARDING, CallState.DIALING_CUSTOMER, CallState.CONNECTED)
        },
        (CallState.AUTHORISING, CallEvent.PROGRAM): CallState.PROGRAM,
        (CallState.AUTHORISING, CallEvent.DIAL_AGENT): CallState.DIALING_AGENT,
        (CallState.AUTHORISING, CallEvent.DIAL_CUSTOMER): CallState.DIALING_CUSTOMER,
        (CallState.DIALING_AGENT, CallEvent.DIAL_CUSTOMER): CallState.DIALING_CUSTOMER,
        (CallState.DIALING_AGENT, CallEvent.PROGRAM): CallState.PROGRAM,
        (CallState.DIALING_CUSTOMER, CallEvent.PROGRAM): CallState.PROGRAM,
        (CallState.PROGRAM, CallEvent.DIAL_CUSTOMER): CallState.DIALING_CUSTOMER,
        **{(state, CallEvent.END): CallState.ENDED for state in _ALIVE},
    }
)


class LegState(StrEnum):
    """Where one party's leg is. Only `ENDED` is final."""

    INCOMING = "incoming"  # the party called us; we have not answered
    DIALING = "dialing"  # we call the party; nothing rings yet
    RINGING = "ringing"
    ANSWERED = "answered"
    ENDED = "ended"


class LegEvent(StrEnum):
    """What moves a leg."""

    RING = "ring"
    ANSWER = "answer"
    HOLD = "hold"  # the party hears music; it stays in the conversation
    UNHOLD = "unhold"
    PART = "part"  # a guest takes another part in the conversation
    TAKE_OVER = "take_over"  # a guest goes on talking with the customer in place of who has left
    END = "end"


LEG_TABLE = StateTable[LegState, LegEvent](
    {
        (LegState.DIALING, LegEvent.RING): LegState.RINGING,
        (LegState.INCOMING, LegEvent.ANSWER): LegState.ANSWERED,
        (LegState.DIALING, LegEvent.ANSWER): LegState.ANSWERED,
        (LegState.RINGING, LegEvent.ANSWER): LegState.ANSWERED,
        (LegState.ANSWERED, LegEvent.HOLD): LegState.ANSWERED,
        (LegState.ANSWERED, LegEvent.UNHOLD): LegState.ANSWERED,
        **{(state, LegEvent.PART): state for state in (LegState.DIALING, LegState.RINGING, LegState.ANSWERED)},
        (LegState.ANSWERED, LegEvent.TAKE_OVER): LegState.ANSWERED,
        **{(state, LegEvent.END): LegState.ENDED for state in LegState if state is not LegState.ENDED},
    }
)


class LegRole(StrEnum):
    """Whose leg it is."""

    CALLER = "caller"  # who called, or for whom a call was started
    AGENT = "agent"
    DESTINATION = "destination"  # a party that was dialled: the customer of an outbound call, a forwarding target
    PARTICIPANT = "participant"  # a third person, whom somebody in the call has added
    SUPERVISOR = "supervisor"  # who listens to the call, whispers, or joins it; nobody outside is told


class Outcome(StrEnum):
    """How a call ended: exactly one for each."""

    COMPLETED = "completed"  # two parties talked, or a menu did what it was for
    ABANDONED = "abandoned"  # the caller left before anybody answered
    REJECTED = "rejected"  # we did not take it: blocked, closed, full, not allowed
    FAILED = "failed"  # something that should have worked did not
    VOICEMAIL = "voicemail"  # a message was left
    TRANSFERRED_OUT = "transferred_out"  # it was handed to a telephone outside


class Cause(StrEnum):
    """Why a call or a leg ended. Those of legs come from the engine (`telephony.port.HangupCause`)."""

    NORMAL = "normal"
    BUSY = "busy"
    REJECTED = "rejected"
    NO_ANSWER = "no_answer"
    UNREACHABLE = "unreachable"
    INVALID_NUMBER = "invalid_number"
    CONGESTION = "congestion"
    CANCELLED = "cancelled"
    FAILED = "failed"
    ENGINE_LOST = "engine_lost"  # the voice engine went away with the call
    CALLER_BLOCKED = "caller_blocked"
    NUMBER_UNKNOWN = "number_unknown"
    NUMBER_LEADS_NOWHERE = "number_leads_nowhere"
    MENU_END = "menu_end"
    MENU_BROKEN = "menu_broken"
    MENU_BUDGET = "menu_budget"
    NO_KEY = "no_key"
    NO_VALID_KEY = "no_valid_key"
    QUEUE_FULL = "queue_full"
    QUEUE_CLOSED = "queue_closed"
    QUEUE_WAITED_TOO_LONG = "queue_waited_too_long"
    QUEUE_NOBODY_SIGNED_IN = "queue_nobody_signed_in"
    QUEUE_LOOP = "queue_loop"  # outcomes of queues led round in a circle
    CALLER_LEFT = "caller_left"
    TALK_LIMIT = "talk_limit"
    LIMIT_DESTINATION = "limit_destination"
    LIMIT_CONCURRENCY = "limit_concurrency"
    LIMIT_RATE = "limit_rate"
    NOT_ALLOWED = "not_allowed"  # the customer's server, or the number's settings, refused an outbound call
    ANSWER_URL_FAILED = "answer_url_failed"
    SCCO_END = "scco_end"
    SCCO_EMPTY = "scco_empty"
    SCCO_UNREADABLE = "scco_unreadable"
    SCCO_CONNECT_FAILED = "scco_connect_failed"
    SCCO_BUDGET = "scco_budget"
    MESSAGE_LEFT = "message_left"
    SMS_SENT = "sms_sent"
    STOPPED = "stopped"  # by a program or a supervisor
    STALE = "stale"  # nothing was heard of it any more; the reconciler ended it
