"""Console pages of business hours."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from unfold.decorators import display

from common import clock
from projects.console import ProjectAdmin, ProjectTabularInline, bulk_action, needs_project, project_of
from projects.console.columns import links_to
from queues import domain, hours, public_holidays
from queues.hours_forms import ExceptionForm, ExceptionFormSet, HoursForm
from queues.hours_words import change_text, day_text, reason_text, state_text, week_text
from queues.models import BusinessHours, HoursException
from queues.week_picture import hour_marks, monday_of, week_picture

SHOWN_HOLIDAYS = 20
FIRST_YEAR, LAST_YEAR = 2000, 2100  # of questions; nobody plans further


class HoursChangeList(ChangeList):
    """A page of business hours that knows of each whether it is open now and who follows it."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        now = clock.now()
        self.result_list = list(self.result_list)
        followers = hours.followers_by_hours(project_of(request))
        for row in self.result_list:
            row.rules = hours.rules_of(row, now)
            row.opening = domain.is_open(row.rules, now)
            row.followers = followers[row.pk]
            row.may_change = self.model_admin.has_change_permission(request)


class ExceptionInline(ProjectTabularInline):
    """Dated exceptions, the coming ones and those that are over."""

    model = HoursException
    form = ExceptionForm
    formset = ExceptionFormSet
    fields = ("date", "closed", "opens", "closes", "note")
    ordering = ("date", "opens")
    hide_title = True


@admin.register(BusinessHours)
class BusinessHoursAdmin(ProjectAdmin):
    """When queues are open."""

    form = HoursForm
    inlines: ClassVar = [ExceptionInline]
    list_display = ("hours_name", "on_off", "open_now", "weekly_hours", "zone", "holidays", "followed_by", "details")
    list_display_links = ("hours_name", "details")
    search_fields = ("name", "public_id")
    search_help_text = gettext_lazy("Name")
    ordering = ("-is_default", "name", "pk")
    fields = ("name", "enabled", "make_default", "weekly", "time_zone", "holiday_country")
    viewed_fields = ("name", "enabled", "is_default", "weekly_hours", "zone", "holidays")
    actions = ("switch_on", "switch_off")
    change_form_outer_before_template = "queues/hours/overview.html"
    change_form_outer_after_template = "queues/hours/coming_holidays.html"
    empty_text = gettext_lazy(
        "Business hours tell when queues are open: weekly hours, exceptions and public holidays. "
        "Without any, every queue is always open."
    )

    @property
    def media(self) -> forms.Media:
        media: forms.Media = super().media
        return media + forms.Media(css={"all": ["queues/hours.css"]})

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return hours.with_rules(rows)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Sequence[str]:
        """Who may only look gets the weekly hours in words instead of fields to fill in."""
        return self.fields if self.has_change_permission(request, obj) else self.viewed_fields

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return HoursChangeList

    def get_urls(self) -> list[URLPattern]:
        switch = self.admin_site.admin_view(needs_project(self.switch_view))
        return [path("<int:pk>/switch/", switch, name="queues_businesshours_switch"), *super().get_urls()]

    def save_model(self, request: HttpRequest, obj: BusinessHours, form: Any, change: bool) -> None:
        if not change:
            obj.project = project_of(request)
        hours.save_hours(obj)
        if form.cleaned_data["make_default"]:
            hours.make_default(obj)
        hours.set_weekly_hours(obj, form.cleaned_data["weekly"])

    def delete_row(self, request: HttpRequest, row: Model) -> None:
        assert isinstance(row, BusinessHours)  # noqa: S101 - tells the type checker whose page this is
        hours.delete_hours(row)

    # ── The list ─────────────────────────────────────────────────────────────────────────────────────────────────
    @display(description=gettext_lazy("Name"), ordering="name")
    def hours_name(self, row: BusinessHours) -> SafeString:
        return render_to_string("queues/hours/name.html", {"row": row})

    @display(description=gettext_lazy("ON/OFF"), ordering="enabled")
    def on_off(self, row: BusinessHours) -> SafeString:
        return render_to_string("queues/hours/switch.html", {"row": row})

    @display(description=gettext_lazy("Now"))
    def open_now(self, row: Any) -> SafeString:
        return render_to_string("queues/hours/now.html", _told(row, row.rules, row.opening, clock.now()))

    @display(description=gettext_lazy("Weekly hours"))
    def weekly_hours(self, row: BusinessHours) -> str:
        return week_text(hours.weekly_ranges_of(row))

    @display(description=gettext_lazy("Time zone"))
    def zone(self, row: BusinessHours) -> str:
        return hours.zone_of(row).key

    @display(description=gettext_lazy("Public holidays"), ordering="holiday_country")
    def holidays(self, row: BusinessHours) -> str:
        return public_holidays.country_names(get_language() or "en").get(row.holiday_country, "–")

    @display(description=gettext_lazy("Followed by"))
    def followed_by(self, row: Any) -> SafeString | str:
        return links_to(row.followers) or _("No queue")

    @display(description=gettext_lazy("Details"))
    def details(self, row: BusinessHours) -> SafeString:
        return format_html('<span class="text-link underline">{}</span>', _("Details"))

    def switch_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """POST `on`: 1 switches the hours on, anything else off."""
        row = self.get_queryset(request).filter(pk=pk).first()
        if row is None:
            raise Http404
        if request.method != "POST" or not self.has_change_permission(request, row):
            raise PermissionDenied
        on = request.POST.get("on") == "1"
        hours.switch(row, on=on)
        text = (
            _("%(hours)s are on now.") if on else _("%(hours)s are off now: queues that follow them are always open.")
        )
        self.message_user(request, text % {"hours": row}, messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:queues_businesshours_changelist"))

    @bulk_action(description=gettext_lazy("Switch on"))
    def switch_on(self, request: HttpRequest, row: BusinessHours) -> None:
        row.enabled = True

    @bulk_action(description=gettext_lazy("Switch off"))
    def switch_off(self, request: HttpRequest, row: BusinessHours) -> None:
        row.enabled = False

    # ── One page ─────────────────────────────────────────────────────────────────────────────────────────────────
    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, obj: Any = None, **kwargs: Any
    ) -> HttpResponse:
        now = clock.now()
        row = obj or BusinessHours(project=project_of(request), holiday_country=project_of(request).country)
        context["coming"] = _coming_holidays(row, request.GET.get("holiday_country"), now)
        if obj is not None:
            context |= _overview(obj, request, now)
        response: HttpResponse = super().render_change_form(request, context, *args, obj=obj, **kwargs)
        return response


def _overview(row: BusinessHours, request: HttpRequest, now: dt.datetime) -> dict[str, Any]:
    """What stands above the form: open now?, the week, the answer to a question, who follows."""
    rules = hours.rules_of(row, now)
    here = now.astimezone(rules.zone)
    monday = monday_of(_day_asked_for(request.GET.get("week", ""), here.date()))
    week_rules = hours.rules_of(row, dt.datetime.combine(monday, dt.time(12), tzinfo=rules.zone))
    asked = request.GET.get("at", "")
    return {
        "hours": row,
        "zone": rules.zone.key,
        "now": _told(row, rules, domain.is_open(rules, now), now),
        "week": week_picture(week_rules, monday, now, _remarks(row, monday)),
        "this_monday": monday_of(here.date()),
        "hour_marks": hour_marks(),
        "asked": asked or f"{here:%Y-%m-%dT%H:%M}",
        "answer": _answer(row, asked) if asked else None,
        "followers": hours.followers_of(row),
    }


def _told(row: BusinessHours, rules: domain.Hours, opening: domain.Opening, at: dt.datetime) -> dict[str, Any]:
    """An opening in words. Shape: open, state, reason, change."""
    note = _remarks(row, opening.day).get(opening.day, "") if opening.day else ""
    return {
        "open": opening.open,
        "state": state_text(opening),
        "reason": reason_text(rules, opening, note),
        "change": change_text(rules, opening, at),
    }


def _answer(row: BusinessHours, asked: str) -> dict[str, Any]:
    """The answer to “is it open at …?”. Shape: as `_told`, with `at`; or `problem`."""
    try:
        wall = dt.datetime.fromisoformat(asked)
    except ValueError:
        return {"problem": _("Write a date and a time, e.g. 2026-02-17 09:30.")}
    if not FIRST_YEAR <= wall.year <= LAST_YEAR:
        years = {"first": FIRST_YEAR, "last": LAST_YEAR}
        return {"problem": _("Ask for a time between the years %(first)s and %(last)s.") % years}
    at = wall.replace(tzinfo=hours.zone_of(row))
    rules = hours.rules_of(row, at)
    when = {"day": day_text(wall.date()), "time": f"{wall:%H:%M}"}
    return {"at": _("%(day)s, %(time)s") % when, **_told(row, rules, domain.is_open(rules, at), at)}


def _day_asked_for(text: str, today: dt.date) -> dt.date:
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return today
    return day if FIRST_YEAR <= day.year <= LAST_YEAR else today


def _remarks(row: BusinessHours, day: dt.date) -> dict[dt.date, str]:
    """Names of holidays and notes of exceptions around a day; exceptions go before holidays."""
    notes = {each.date: each.note for each in row.exceptions.all()}
    return {**hours.holidays_around(row, day, get_language() or "en"), **notes}


def _coming_holidays(row: BusinessHours, chosen: str | None, now: dt.datetime) -> dict[str, Any]:
    """The next holidays of the chosen country, else of the saved one. Shape: country, days [(day, name)]."""
    code = row.holiday_country if chosen is None else chosen
    today = now.astimezone(hours.zone_of(row)).date()
    found = public_holidays.holidays_of(code, (today.year, today.year + 1), get_language() or "en")
    days: Sequence[tuple[dt.date, str]] = [(day, name) for day, name in sorted(found.items()) if day >= today]
    return {
        "country": public_holidays.country_names(get_language() or "en").get(code, ""),
        "days": [(day_text(day), name) for day, name in days[:SHOWN_HOLIDAYS]],
    }
