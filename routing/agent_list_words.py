"""What is wrong with the answer of an agent list URL, in words for the developer who wrote that server."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from routing.domain.agent_list import Code

_TEXTS: Mapping[Code, str | Promise] = {
    Code.TOO_LONG: gettext_lazy("The answer has more than %(said)s bytes, so nothing of it was used."),
    Code.NOT_JSON: gettext_lazy("The answer cannot be read as JSON: %(said)s"),
    Code.NOT_AN_OBJECT: gettext_lazy("The answer must be a JSON object with “version” and “calls”."),
    Code.WRONG_VERSION: gettext_lazy("“version” must be 2, not %(said)s."),
    Code.NO_CALLS: gettext_lazy("“calls” must be an array."),
    Code.LINE_CUT: gettext_lazy("More calls wait than one question names; it named the first %(said)s of the line."),
    Code.TOO_MANY_CALLS: gettext_lazy("The answer has more calls than were asked about; %(said)s were read."),
    Code.CALL_NOT_AN_OBJECT: gettext_lazy("An item of “calls” must be an object with “callId” and “agents”."),
    Code.CALL_UNKNOWN: gettext_lazy("“callId” %(said)s is none of the calls that were asked about."),
    Code.CALL_TWICE: gettext_lazy("This call is in the answer before; the first list counts."),
    Code.CALLS_MISSING: gettext_lazy("Calls that were asked about and are not in the answer: %(said)s."),
    Code.NO_AGENTS: gettext_lazy("“agents” must be an array; it may be empty."),
    Code.TOO_MANY_AGENTS: gettext_lazy("The list is too long; its first %(said)s agents were read."),
    Code.AGENT_NOT_AN_OBJECT: gettext_lazy("An item of “agents” must be an object with “stringee_user_id”."),
    Code.AGENT_UNKNOWN: gettext_lazy("No agent of this project has the “stringee_user_id” %(said)s; it was left out."),
    Code.AGENT_TWICE: gettext_lazy("%(said)s is in this list before; the first place counts."),
    Code.ROUTING_TYPE_UNKNOWN: gettext_lazy(
        "“routing_type” must be 1 or 2, not %(said)s; the agent's own setting is used."
    ),
    Code.PHONE_NUMBER_UNREADABLE: gettext_lazy(
        "“phone_number” %(said)s is not a phone number; the agent's own one is used."
    ),
    Code.PHONE_NUMBER_MISSING: gettext_lazy(
        "“routing_type” 2 needs a “phone_number”: there is none here, and the agent has none either."
    ),
    Code.TIMEOUT_MISSING: gettext_lazy("“answer_timeout” is missing; the queue's %(said)s seconds are used."),
    Code.TIMEOUT_UNREADABLE: gettext_lazy(
        "“answer_timeout” %(said)s is not a number of seconds; the queue's own time is used."
    ),
    Code.TIMEOUT_OUT_OF_RANGE: gettext_lazy(
        "“answer_timeout” must be from 3 to 600 seconds, not %(said)s; the nearest of these is used."
    ),
    Code.MORE_FINDINGS: gettext_lazy("More of the kind: %(said)s."),
}


def words(finding: Mapping[str, str]) -> str:
    """A stored finding for people. Shape: as `Finding.to_json`."""
    return str(_TEXTS[Code(finding["code"])]) % {"said": finding["said"]}
