"""Filters of the list of agents."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter

from agents import words
from agents.domain import Activity, Reach
from agents.models import ACTIVITIES, Agent

NEVER_SET = "-"


class ManualStatusFilter(DropdownFilter):
    """The statuses that agents of the project have."""

    title = _("manual status")
    parameter_name = "manual_status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        rows = model_admin.get_queryset(request).order_by()
        statuses = sorted({status or "" for status in rows.values_list("manual_status", flat=True).distinct()})
        return [(status or NEVER_SET, status or _("Not set")) for status in statuses]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Agent]) -> QuerySet[Agent]:
        value = self.value()
        if not value:
            return queryset
        return queryset.filter(manual_status=None) if value == NEVER_SET else queryset.filter(manual_status=value)


class NowFilter(DropdownFilter):
    """What agents do, who was set aside, and who cannot be reached: as the list calls it."""

    title = _("present state")
    parameter_name = "now"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [*ACTIVITIES, (words.SET_ASIDE, _("Set aside")), (words.OFFLINE, _("Offline"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Agent]) -> QuerySet[Agent]:
        idle = {"activity": Activity.IDLE, "set_aside_at": None}
        match self.value():
            case words.SET_ASIDE:
                return queryset.filter(set_aside_at__isnull=False)
            case words.OFFLINE:
                return queryset.filter(**idle, reach=Reach.NONE)
            case Activity.IDLE:
                return queryset.filter(**idle, reach__gt=Reach.NONE)
            case value if value in dict(ACTIVITIES):
                return queryset.filter(activity=value)
        return queryset


class SipAccountFilter(DropdownFilter):
    """Agents with and without a SIP phone account."""

    title = _("SIP phone account")
    parameter_name = "sip"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("1", _("With")), ("0", _("Without"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset.filter(has_sip=value == "1") if value in ("0", "1") else queryset
