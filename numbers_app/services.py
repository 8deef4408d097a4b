"""Writes on numbers and blocked callers."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext as _

from common.phone import InvalidPhoneNumber, digits_of
from common.refusals import InvalidInput
from common.saving import Twin, save_row
from ivr.models import IvrTree
from numbers_app.models import BlockedNumber, Number, PhoneRow
from projects.models import Project
from queues.models import Queue


def answer_with_tree(number: Number, tree: IvrTree) -> None:
    """Let callers of a number hear an IVR tree; the queue it may have had is forgotten. Does not save."""
    number.enable_ivr, number.ivr_tree, number.queue = True, tree, None


def answer_with_queue(number: Number, queue: Queue) -> None:
    """Let callers of a number go straight to a queue; the tree it may have had is forgotten. Does not save."""
    number.enable_ivr, number.ivr_tree, number.queue = False, None, queue


@transaction.atomic
def block_numbers(
    project: Project, numbers: Iterable[str], *, ivr_blocked: bool = True, queue_blocked: bool = True
) -> int:
    """Block callers, all or none. Numbers that are blocked already stay as they are.

    Returns how many are new. Cost: two queries for each, the row and its history.
    Raises common.phone.InvalidPhoneNumber, and IntegrityError when somebody else blocks one at the same time.
    """
    wanted = {digits_of(text, project.country): text for text in numbers}
    blocked = BlockedNumber.objects.filter(project=project, digits__in=wanted)
    known = set(blocked.values_list("digits", flat=True))
    new = [text for digits, text in wanted.items() if digits not in known]
    for text in new:
        BlockedNumber.objects.create(project=project, number=text, ivr_blocked=ivr_blocked, queue_blocked=queue_blocked)
    return len(new)


@transaction.atomic
def add_number(number: Number) -> None:
    """Store a new number. One that was only attached to the project and leads nowhere yet takes these settings.

    Raises AlreadyExists when the project uses the number already, InvalidInput when it is not a number.
    """
    _read_digits(number)
    unused = Number.objects.select_for_update().filter(
        project=number.project, digits=number.digits, ivr_tree=None, queue=None
    )
    if attached := unused.first():
        number.pk, number.public_id, number.created_at = attached.pk, attached.public_id, attached.created_at
        number.answer_url, number.event_url = attached.answer_url, attached.event_url
        number._state.adding = False
    save_number(number)


def save_number(number: Number) -> None:
    """Store a number. Raises AlreadyExists when the project has it already, InvalidInput when it is not a number."""
    _read_digits(number)
    same_number = Number.objects.filter(project=number.project, digits=number.digits)
    save_row(number, Twin("number_in_project", same_number, _("This number is in the project already.")))


def save_blocked_number(blocked: BlockedNumber) -> None:
    """Store a blocked caller. Raises AlreadyExists when he is blocked already, InvalidInput when it is no number."""
    _read_digits(blocked)
    same_number = BlockedNumber.objects.filter(project=blocked.project, digits=blocked.digits)
    save_row(blocked, Twin("blocked_number_in_project", same_number, _("This number is blocked already.")))


def attach_number(
    number: Number, project: Project, *, answer_url: str | None = None, event_url: str | None = None
) -> None:
    """Let a number, new or known, belong to a project, and set the given URLs.

    When it comes from another project, its IVR tree and queue stay behind: it leads nowhere until it is configured.
    Raises AlreadyExists when the project has the number already, InvalidInput when it is not a number.
    """
    if number.project_id != project.pk:
        # What answered it is taken off while it is still the old project's, whose history names it.
        number.enable_ivr, number.ivr_tree, number.queue = False, None, None
        save_number(number)
        number.project = project
    if answer_url is not None:
        number.answer_url = answer_url
    if event_url is not None:
        number.event_url = event_url
    save_number(number)


def _read_digits(row: PhoneRow) -> None:
    try:
        row.digits = digits_of(row.number, row.project.country)
    except InvalidPhoneNumber as error:
        raise InvalidInput(_("%(number)s is not a phone number.") % {"number": row.number}) from error
