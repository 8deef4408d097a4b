"""Phone numbers and what answers them; blocked callers."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet

from api.fields import IdText, Reference, Text
from api.serializers import PageQuery, RowBody
from api.shapes import Bit, Identified, bit, identified
from api.views import Resource
from ivr.models import IvrTree
from numbers_app import services
from numbers_app.models import BlockedNumber, Number
from projects.models import Project
from queues.models import Queue


class NumberRow(Identified):
    number: str
    nickname: str
    allow_outbound_calls: Bit
    enable_ivr: Bit
    ivr_menu: str
    queue_id: str
    record_outbound_calls: Bit
    all_group_can_make_outbound_call: Bit


def number_row(number: Number, project: Project) -> NumberRow:
    return {
        **identified(number, project),
        "number": number.number,
        "nickname": number.nickname,
        "allow_outbound_calls": bit(number.allow_outbound_calls),
        "enable_ivr": bit(number.enable_ivr),
        "ivr_menu": number.ivr_tree.public_id if number.ivr_tree else "",
        "queue_id": number.queue.public_id if number.queue else "",
        "record_outbound_calls": bit(number.record_outbound_calls),
        "all_group_can_make_outbound_call": bit(number.all_group_can_make_outbound_call),
    }


class NumberBody(RowBody):
    ivr_menu = Reference(
        IvrTree, "ivr tree", source="ivr_tree", required=False, help_text="Needed while enable_ivr is on."
    )
    queue_id = Reference(Queue, "queue", source="queue", required=False, help_text="Needed while enable_ivr is off.")

    class Meta:
        model = Number
        fields: ClassVar = [
            "number",
            "nickname",
            "allow_outbound_calls",
            "enable_ivr",
            "ivr_menu",
            "queue_id",
            "record_outbound_calls",
            "all_group_can_make_outbound_call",
        ]
        required_when = (("ivr_menu", "enable_ivr", True), ("queue_id", "enable_ivr", False))


class NumberQuery(PageQuery):
    id = IdText(source="public_id", required=False)
    number = Text(required=False)


class NumberResource(Resource[Number]):
    """The contact center's side of `/v1/number`; api.resources.account_numbers is the account's side."""

    path = "number"
    noun = "number"
    notes = (
        "With an account's token, and on hosts whose name begins with `api.`, this address means the account's "
        "inventory of numbers instead: see docs/compatibility.md."
    )
    id_key = "numberID"
    taken_message = "Number existed"
    list_message = "Load number(s) success"
    array_key = "numbers"
    model = Number
    body = NumberBody
    query = NumberQuery
    row = staticmethod(number_row)
    row_shape = NumberRow
    save = staticmethod(services.save_number)
    save_new = staticmethod(services.add_number)

    def rows(self) -> QuerySet[Number]:
        return super().rows().select_related("ivr_tree", "queue")


class BlockedRow(Identified):
    number: str
    ivr_blocked: Bit
    queue_blocked: Bit


def blocked_row(blocked: BlockedNumber, project: Project) -> BlockedRow:
    return {
        **identified(blocked, project),
        "number": f"+{blocked.digits}",
        "ivr_blocked": bit(blocked.ivr_blocked),
        "queue_blocked": bit(blocked.queue_blocked),
    }


class BlockedBody(RowBody):
    class Meta:
        model = BlockedNumber
        fields: ClassVar = ["number", "ivr_blocked", "queue_blocked"]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A new row on which one switch is sent means that switch alone; without any, both are on."""
        attrs = super().validate(attrs)
        switches = ("ivr_blocked", "queue_blocked")
        sent = [name for name in switches if self.initial_data.get(name) not in (None, "")]
        if self.instance is None and len(sent) == 1:
            attrs.update({name: False for name in switches if name not in sent})
        return attrs


class BlockedQuery(PageQuery):
    id = IdText(source="public_id", required=False)


class BlockedResource(Resource[BlockedNumber]):
    path = "blacklistnumber"
    noun = "blacklist number"
    notes = "A new row without any of the two switches has both on; with one of them, the other one is off."
    id_key = "blacklistNumberID"
    list_message = "Load blacklist(s) success"
    array_key = "blacklistNumbers"
    max_limit = 100
    model = BlockedNumber
    body = BlockedBody
    query = BlockedQuery
    row = staticmethod(blocked_row)
    row_shape = BlockedRow
    save = staticmethod(services.save_blocked_number)
