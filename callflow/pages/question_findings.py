"""What is wrong with the answer of a customer's server to a call's question, in words for its developer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from callflow.domain.arriving import is_customer_info
from callflow.scco.actions import Problem, ProblemCode
from callflow.scco.lenient_json import MAX_BYTES, Reason, SccoUnreadable
from callflow.scco.parse import MAX_ACTIONS, is_denial, parse
from webhooks.domain import QuestionState
from webhooks.models import Purpose, Question

_UNREADABLE: Mapping[Reason, str | Promise] = {
    Reason.TOO_LONG: gettext_lazy("The answer has more than %(said)s bytes, so nothing of it was used."),
    Reason.NOT_JSON: gettext_lazy("The answer cannot be read as JSON: %(said)s"),
    Reason.NOT_AN_ARRAY: gettext_lazy("The answer must be a JSON array of actions."),
    Reason.TOO_MANY_ACTIONS: gettext_lazy("The answer has more than %(said)s actions, so nothing of it was used."),
}

_PROBLEMS: Mapping[ProblemCode, str | Promise] = {
    ProblemCode.NOT_AN_ACTION: gettext_lazy(
        "An item must be an object with the name of an action in “action”; it was left out."
    ),
    ProblemCode.UNKNOWN_ACTION: gettext_lazy("There is no action “%(said)s”; it was left out."),
    ProblemCode.MISSING_FIELD: gettext_lazy("“%(said)s” is missing, so the action was left out."),
    ProblemCode.BAD_TO_TYPE: gettext_lazy("“%(said)s” must be “internal” or “external”; the action was left out."),
    ProblemCode.BAD_VALUE: gettext_lazy("“%(said)s” has a value that cannot be used; it counts as not given."),
    ProblemCode.TOO_LONG: gettext_lazy("“%(said)s” is too long; it counts as not given."),
    ProblemCode.OUT_OF_RANGE: gettext_lazy("“%(said)s” is beyond what is allowed; the nearest value was used."),
}


@dataclass(frozen=True, slots=True)
class ShownFinding:
    """`where`: the place in the answer, e.g. `[2]`; empty when it is about all of it."""

    text: str
    where: str = ""


def findings_of(question: Question) -> Sequence[ShownFinding]:
    """What a developer should know about an answer. The answer is read anew, as it was for the call.

    Cost: linear in the answer, which is limited.
    """
    if question.state != QuestionState.ANSWERED:
        return ()
    if question.purpose == Purpose.CUSTOMER_INFO:
        return () if is_customer_info(question.answer) else (ShownFinding(_("The answer must be a JSON object.")),)
    return _of_program(question)


def _of_program(question: Question) -> Sequence[ShownFinding]:
    try:
        program = parse(question.answer)
    except SccoUnreadable as error:
        return (ShownFinding(_why_unreadable(error)),)
    found = [_problem(each) for each in program.problems]
    if question.purpose == Purpose.CALLOUT_ANSWER_URL and is_denial(program):
        found.append(ShownFinding(_("The answer connects to nobody, which forbids the call.")))
    elif not program.actions:
        found.append(ShownFinding(_("There is no action to carry out, which ends the call.")))
    return found


def _why_unreadable(error: SccoUnreadable) -> str:
    said = {Reason.TOO_LONG: MAX_BYTES, Reason.TOO_MANY_ACTIONS: MAX_ACTIONS}.get(error.reason, str(error))
    return str(_UNREADABLE[error.reason]) % {"said": said}


def _problem(problem: Problem) -> ShownFinding:
    return ShownFinding(str(_PROBLEMS[problem.code]) % {"said": problem.detail}, f"[{problem.place}]")
