"""The history of calls (Source: call-control-api.md §4)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final, Literal, TypedDict
from zoneinfo import ZoneInfo

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet, Sum
from django.db.models.fields import DurationField, FloatField
from django.db.models.functions import Ceil, Extract
from django.http import HttpResponse
from rest_framework.request import Request

from api.fields import Choice, IdText, Text, Whole
from api.paging import Page, page_of
from api.schema import TEXT, WHOLE, Description
from api.serializers import PageQuery
from api.shapes import Bit, bit
from api.views import Resource, read
from calls.domain import Direction, LegRole
from calls.models import PHONE_MAX_LENGTH, Call, Leg, Recording, RecordingState
from common.clock import epoch_ms
from common.phone import InvalidPhoneNumber, digits_of
from common.refusals import InvalidInput
from projects.models import Project

DEFAULT_LIMIT = 10
LAST_MS = 253_402_300_799_000  # the end of the year 9999
MICROSECOND: Final = dt.timedelta(microseconds=1)
EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
CURSOR: Final = "search_after[]"
_MICROSECONDS = re.compile(r"[0-9]{1,18}")


# ── One call ─────────────────────────────────────────────────────────────────────────────────────────────────────────
class CallRow(TypedDict):
    """Times in milliseconds, `created` and durations in seconds. What we have no business with, prices, is empty."""

    id: str
    uuid: str
    project_id: int
    project_name: str
    account_id: int
    from_user_id: str
    from_number: str
    to_number: str
    from_alias: str
    to_alias: str
    from_internal: Bit
    to_internal: Bit
    start_time: int
    first_answer_time: int
    answer_time: int
    stop_time: int
    start_time_datetime: str
    first_answer_time_datetime: str
    answer_time_datetime: str
    stop_time_datetime: str
    created_datetime: str
    answer_duration: int
    answer_duration_minutes: int
    amount: str
    created: int
    recorded: Bit
    record_path: str
    video_call: Bit
    number_tts_character: int
    participants: list[str]
    object_type: Literal["call"]
    day: str


def call_row(call: Call, project: Project) -> CallRow:
    """Reads `recorded` and `participants`, which CallLog.rows adds."""
    zone = ZoneInfo(project.time_zone)
    recorded: bool = call.recorded  # type: ignore[attr-defined]
    participants: list[str] = call.participants  # type: ignore[attr-defined]
    talked_s = _talked_s(call)
    return {
        "id": call.call_id,
        "uuid": call.call_id,
        "project_id": call.project_id,
        "project_name": project.name,
        "account_id": project.account_id,
        "from_user_id": call.request_user_id or (call.agent_user_id if call.direction == Direction.OUTBOUND else ""),
        "from_number": call.from_number,
        "to_number": call.to_number,
        "from_alias": call.from_alias,
        "to_alias": call.to_alias,
        "from_internal": bit(call.from_internal),
        "to_internal": bit(call.to_internal),
        "start_time": epoch_ms(call.created_at),
        "first_answer_time": epoch_ms(call.answered_at),
        "answer_time": epoch_ms(call.connected_at),
        "stop_time": epoch_ms(call.ended_at),
        "start_time_datetime": _shown(call.created_at, zone),
        "first_answer_time_datetime": _shown(call.answered_at, zone),
        "answer_time_datetime": _shown(call.connected_at, zone),
        "stop_time_datetime": _shown(call.ended_at, zone),
        "created_datetime": _shown(call.created_at, zone),
        "answer_duration": talked_s,
        "answer_duration_minutes": -(-talked_s // 60),
        "amount": "0.00000",
        "created": int(call.created_at.timestamp()),
        "recorded": bit(recorded),
        "record_path": f"/v1/call/recording/{call.call_id}" if recorded else "",
        "video_call": 0,
        "number_tts_character": 0,
        "participants": participants,
        "object_type": "call",
        "day": call.created_at.astimezone(zone).strftime("%Y/%m/%d"),
    }


def _talked_s(call: Call) -> int:
    """Whole seconds, as started; 0 while the call goes on."""
    if call.connected_at is None or call.ended_at is None:
        return 0
    return max(0, int((call.ended_at - call.connected_at).total_seconds()))


def _shown(at: dt.datetime | None, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%Y/%m/%d, %H:%M:%S") if at else ""


# ── Which calls ──────────────────────────────────────────────────────────────────────────────────────────────────────
class Instant(Whole):
    """An instant as so many units since 1970."""

    def __init__(self, unit_ms: int, **kwargs: Any) -> None:
        self.unit_ms = unit_ms
        super().__init__(required=False, **kwargs)

    def run_validation(self, data: Any = None) -> dt.datetime | None:
        units = super().run_validation(data)
        return None if units is None else EPOCH + dt.timedelta(milliseconds=units * self.unit_ms)


class Milliseconds(Instant):
    def __init__(self) -> None:
        super().__init__(1, min_value=0, max_value=LAST_MS, help_text="Epoch milliseconds.")


class Seconds(Instant):
    def __init__(self) -> None:
        super().__init__(1000, min_value=0, max_value=LAST_MS // 1000, help_text="Epoch seconds.")


ORDERS = ("asc", "desc", "ASC", "DESC")


class CallLogQuery(PageQuery):
    version = Choice(choices=[1, 2], required=False)
    id = IdText(required=False)
    from_user_id = Text(required=False, max_length=PHONE_MAX_LENGTH)
    from_number = Text(required=False, max_length=PHONE_MAX_LENGTH)
    to_number = Text(required=False, max_length=PHONE_MAX_LENGTH)
    from_start_time = Milliseconds()
    to_start_time = Milliseconds()
    from_answer_time = Milliseconds()
    to_answer_time = Milliseconds()
    from_stop_time = Milliseconds()
    to_stop_time = Milliseconds()
    from_created_time = Seconds()
    to_created_time = Seconds()
    from_date = Seconds()
    to_date = Seconds()
    sort_by = Choice(choices=["start_time"], required=False)
    sort_order = Choice(choices=ORDERS, required=False)
    order_by = Choice(choices=[*ORDERS, "start_time"], required=False)
    order_direction = Choice(choices=ORDERS, required=False)

    def get_fields(self) -> dict[str, Any]:
        help_text = "Version 2: what the reply before this one had as search_after, each value on its own."
        return {**super().get_fields(), CURSOR: Text(required=False, max_length=PHONE_MAX_LENGTH, help_text=help_text)}


LOOKUPS: Mapping[str, str] = {
    "id": "call_id",
    "from_start_time": "created_at__gte",
    "to_start_time": "created_at__lte",
    "from_answer_time": "connected_at__gte",
    "to_answer_time": "connected_at__lte",
    "from_stop_time": "ended_at__gte",
    "to_stop_time": "ended_at__lte",
    "from_created_time": "created_at__gte",
    "to_created_time": "created_at__lte",
    "from_date": "created_at__gte",
    "to_date": "created_at__lte",
}


class CallLog(Resource[Call]):
    """Version 1 has pages; version 2 goes on after the last call that was seen, so that new calls move nothing."""

    path = "call/log"
    collection: ClassVar[Mapping[str, str]] = {"get": "list"}
    item: ClassVar[Mapping[str, str]] = {}
    noun = "call"
    list_message = "Load call(s) success"
    array_key = "calls"
    total_keys = ("totalCalls", "totalCount")
    default_limit = DEFAULT_LIMIT
    model = Call
    query = CallLogQuery
    row = staticmethod(call_row)
    row_shape = CallRow

    def rows(self) -> QuerySet[Call]:
        ready = Recording.objects.filter(call=OuterRef("pk"), state=RecordingState.READY)
        legs = Leg.objects.filter(call=OuterRef("pk")).exclude(role=LegRole.SUPERVISOR).order_by("pk")
        return super().rows().annotate(recorded=Exists(ready), participants=ArraySubquery(legs.values("number")))

    def list(self, request: Request) -> HttpResponse:
        wanted = read(self.query, {name: value for name, value in request.GET.items() if value}, self.project)
        found = self._found(wanted)
        newest_first = _newest_first(wanted)
        cursor = request.GET.getlist(CURSOR) or request.GET.getlist("search_after")
        if cursor or wanted.get("version") == 2:
            data = self._after(cursor, found, wanted, newest_first=newest_first)
        else:
            limit = min(wanted.get("limit", self.default_limit), self.max_limit)
            data = self.page_data(page_of(_ordered(found, newest_first=newest_first), wanted.get("page", 1), limit))
        return self.success(self.list_message, data=data)

    def _found(self, wanted: Mapping[str, Any]) -> QuerySet[Call]:
        rows = self.rows()
        for name, lookup in LOOKUPS.items():
            if wanted.get(name) not in (None, ""):
                rows = rows.filter(**{lookup: wanted[name]})
        if user := wanted.get("from_user_id"):
            called_out = Q(request_user_id="", direction=Direction.OUTBOUND, agent_user_id=user)
            rows = rows.filter(Q(request_user_id=user) | called_out)
        for name in ("from_number", "to_number"):
            if wanted.get(name):
                rows = rows.filter(**{f"{name}__in": _spellings(wanted[name], self.project.country)})
        return rows

    def _after(
        self, cursor: Sequence[str], found: QuerySet[Call], wanted: Mapping[str, Any], *, newest_first: bool
    ) -> dict[str, Any]:
        """The calls after a cursor. Cost: one query for the rows, one for the totals."""
        limit = min(wanted.get("limit", self.default_limit), self.max_limit)
        number = wanted.get("page", 1)
        rows, start = _ordered(found, newest_first=newest_first), (number - 1) * limit
        if cursor:
            rows, start = rows.filter(_beyond(cursor, newest_first=newest_first)), 0
        calls = list(rows[start : start + limit])
        totals = found.aggregate(calls=Count("pk"), minutes=Sum(_MINUTES, filter=Q(ended_at__gte=F("connected_at"))))
        return {
            **self.page_data(Page(calls, totals["calls"], number, limit)),
            "search_after": _cursor_of(calls[-1]) if calls else [],
            "totalAnswerDurationMinutes": int(totals["minutes"] or 0),
        }

    def describe(self, action: str) -> Description:
        described = super().describe(action)
        data = described.reply["data"]
        cursor = {"type": "array", "items": TEXT, "description": "Version 2."}
        properties = {**data["properties"], "search_after": cursor, "totalAnswerDurationMinutes": WHOLE}
        return Description(
            described.summary,
            {"data": {**data, "properties": properties}},
            query=described.query,
            shapes=described.shapes,
        )


_TALKED = ExpressionWrapper(F("ended_at") - F("connected_at"), output_field=DurationField())
_MINUTES = Ceil(Extract(_TALKED, "epoch", output_field=FloatField()) / 60)


def _newest_first(wanted: Mapping[str, Any]) -> bool:
    """`sort_order`, as older clients call it `order_by` or `order_direction`."""
    orders = [wanted.get(name) for name in ("sort_order", "order_direction", "order_by")]
    return next((order.lower() for order in orders if order and order in ORDERS), "desc") == "desc"


def _ordered(calls: QuerySet[Call], *, newest_first: bool) -> QuerySet[Call]:
    return calls.order_by("-created_at", "-call_id") if newest_first else calls.order_by("created_at", "call_id")


def _cursor_of(call: Call) -> Sequence[str]:
    return [str((call.created_at - EPOCH) // MICROSECOND), call.call_id]


def _beyond(cursor: Sequence[str], *, newest_first: bool) -> Q:
    """The calls that come after the one that a cursor names. Raises InvalidInput."""
    at_text, call_id = (*cursor, "", "")[:2]
    if (
        not (at_text.isascii() and at_text.isdecimal() and len(at_text) <= len(str(LAST_MS * 1000)))
        or "\x00" in call_id
    ):
        raise InvalidInput(f"{CURSOR} must be the values of search_after from the reply before.")
    at = EPOCH + min(int(at_text), LAST_MS * 1000) * MICROSECOND
    way = "lt" if newest_first else "gt"
    same = Q(created_at=at, **{f"call_id__{way}": call_id})
    return Q(**{f"created_at__{way}e": at}) & (Q(**{f"created_at__{way}": at}) | same)


def _spellings(text: str, country: str) -> list[str]:
    """How a number may stand in a call: as it is, as digits, and with a plus sign."""
    try:
        digits = digits_of(text, country)
    except InvalidPhoneNumber:
        return [text]
    return [text, digits, f"+{digits}"]
