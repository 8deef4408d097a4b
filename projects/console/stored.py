"""Pages of what calls leave behind: looked at, filtered by time, and never written by hand."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import localize
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import DropdownFilter

from common import clock
from projects.console.admin import ProjectAdmin

NOTHING = "–"
MINUTE_S, HOUR_S = 60, 3600


class StoredPage(ProjectAdmin):
    """Rows that nobody writes by hand; a search over everything leaves them out."""

    in_search = False
    actions: Any = None

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class PeriodFilter(DropdownFilter):
    """By day, in the project's time zone. `column` is the moment that counts."""

    title = gettext_lazy("time")
    parameter_name = "period"
    column = "created_at"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("today", gettext_lazy("Today")),
            ("yesterday", gettext_lazy("Yesterday")),
            ("7", gettext_lazy("Last 7 days")),
            ("30", gettext_lazy("Last 30 days")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        today = timezone.localtime(clock.now()).date()
        match self.value():
            case "today":
                return self._between(queryset, today, today)
            case "yesterday":
                return self._between(queryset, today - dt.timedelta(days=1), today - dt.timedelta(days=1))
            case "7" | "30" as days:
                return self._between(queryset, today - dt.timedelta(days=int(days) - 1), today)
        return queryset

    def _between(self, rows: QuerySet[Any], first: dt.date, last: dt.date) -> QuerySet[Any]:
        zone = timezone.get_current_timezone()
        begin = dt.datetime.combine(first, dt.time(), tzinfo=zone)
        end = dt.datetime.combine(last + dt.timedelta(days=1), dt.time(), tzinfo=zone)
        return rows.filter(**{f"{self.column}__gte": begin, f"{self.column}__lt": end})


def period_of(moment: str) -> type[PeriodFilter]:
    """The filter for another column, e.g. `opened_at`."""
    return type("PeriodFilter", (PeriodFilter,), {"column": moment})


def moment_text(at: dt.datetime) -> str:
    """Date and time with seconds, by the project's clock."""
    local = timezone.localtime(at)
    return _("%(date)s, %(time)s") % {"date": localize(local.date()), "time": f"{local:%H:%M:%S}"}


def span_text(seconds: float | None) -> str:
    """A length of time: `7 s`, `1:05`, `1:02:03`; a dash when there is none."""
    if seconds is None:
        return NOTHING
    whole = max(0, round(seconds))
    if whole < MINUTE_S:
        return _("%(seconds)s s") % {"seconds": localize(whole)}
    hours, rest = divmod(whole, HOUR_S)
    minutes, left = divmod(rest, MINUTE_S)
    return f"{hours}:{minutes:02d}:{left:02d}" if hours else f"{minutes}:{left:02d}"
