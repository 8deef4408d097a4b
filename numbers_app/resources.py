"""Columns of numbers, and of callers who are blocked or go first, in CSV and Excel files."""

from __future__ import annotations

from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db.models import Model
from django.utils.translation import gettext as _

from common.validation import phone_digits
from numbers_app.models import BlockedNumber, Number, PriorityCaller
from projects.console.resource import Column, ProjectResource, Reference, Switch, Whole


class PhoneRowResource(ProjectResource):
    """Rows that are known by a telephone number, in whatever spelling."""

    key = "digits"
    key_column = "number"

    def key_of(self, cell: str) -> str:
        text = super().key_of(cell)
        try:
            return phone_digits(text, self.project.country)
        except ValidationError as error:
            raise ValidationError({"number": error.error_list}) from error


class NumberResource(PhoneRowResource):
    model: ClassVar[type[Model]] = Number

    number = Column("number")
    nickname = Column("nickname")
    enable_ivr = Column("enable_ivr", Switch(), keeps=True)
    ivr_tree = Column("ivr_tree_id", Reference("ivr.IvrTree", "tree_name"))
    queue = Column("queue_id", Reference("queues.Queue"))
    allow_outbound_calls = Column("allow_outbound_calls", Switch(), keeps=True)
    record_outbound_calls = Column("record_outbound_calls", Switch(), keeps=True)
    all_group_can_make_outbound_call = Column("all_group_can_make_outbound_call", Switch(), keeps=True)

    def check(self, row: Number) -> None:
        if row.enable_ivr and row.ivr_tree_id is None:
            raise ValidationError({"ivr_tree_id": _("Choose the IVR tree that callers hear, or switch IVR off.")})


class BlockedNumberResource(PhoneRowResource):
    model: ClassVar[type[Model]] = BlockedNumber

    number = Column("number")
    ivr_blocked = Column("ivr_blocked", Switch(), keeps=True)
    queue_blocked = Column("queue_blocked", Switch(), keeps=True)


class PriorityCallerResource(PhoneRowResource):
    model: ClassVar[type[Model]] = PriorityCaller

    number = Column("number")
    priority = Column("priority", Whole(), keeps=True)
    note = Column("note")
