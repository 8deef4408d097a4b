"""Forms of business hours: weekly hours with several ranges a day, and dated exceptions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.forms.models import BaseInlineFormSet
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from unfold.widgets import BASE_INPUT_CLASSES, UnfoldAdminSelectWidget, UnfoldBooleanSwitchWidget

from projects import places
from projects.console import ProjectForm
from projects.forms import TextWithSuggestions
from projects.models import validate_time_zone
from queues import public_holidays
from queues.domain import Range, WeeklyRange
from queues.hours import overlap_problems, weekly_ranges_of
from queues.models import BusinessHours, HoursException, Weekday

INPUT = " ".join(BASE_INPUT_CLASSES)
MOST_RANGES = 70  # ten a day
OFFICE_HOURS = [
    WeeklyRange(day, Range(dt.time(8), dt.time(17, 30)))
    for day in (Weekday.MONDAY, Weekday.TUESDAY, Weekday.WEDNESDAY, Weekday.THURSDAY, Weekday.FRIDAY)
]

# A range as it stands in the form. Shape: weekday, opens, closes, the times as text.
Entry = tuple[int, str, str]


class WeeklyHoursWidget(forms.Widget):
    """For each day pairs of times. Names: `weekly_0_opens` and `weekly_0_closes`, each once for every range."""

    template_name = "queues/hours/weekly.html"
    use_fieldset = True

    class Media:
        js = ("queues/hours.js",)

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[Entry]:
        entries: list[Entry] = []
        for day in Weekday:
            opens, closes = data.getlist(f"{name}_{day}_opens"), data.getlist(f"{name}_{day}_closes")
            entries += [(int(day), one.strip(), other.strip()) for one, other in zip(opens, closes, strict=False)]
        return [entry for entry in entries if entry[1] or entry[2]]

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return not any(f"{name}_{day}_opens" in data for day in Weekday)

    def id_for_label(self, id_: str) -> str:
        return ""  # it is a group of fields

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["days"] = [
            (day, [(opens, closes) for weekday, opens, closes in value or [] if weekday == day]) for day in Weekday
        ]
        return context


class WeeklyHoursField(forms.Field):
    """Weekly opening hours. Cleans to a list of WeeklyRange, in order."""

    widget = WeeklyHoursWidget

    def prepare_value(self, value: Any) -> list[Entry]:
        return [_entry(each) if isinstance(each, WeeklyRange) else each for each in value or []]

    def clean(self, value: list[Entry]) -> list[WeeklyRange]:
        if len(value) > MOST_RANGES:
            raise ValidationError(_("There are too many ranges: at most %(most)s.") % {"most": MOST_RANGES})
        problems: list[str] = []
        weekly: list[WeeklyRange] = []
        for entry in value:
            try:
                weekly.append(_weekly_range(entry))
            except ValidationError as error:
                problems += error.messages
        if problems := problems or overlap_problems(weekly):
            raise ValidationError(problems)
        return sorted(weekly, key=lambda each: (each.weekday, each.range.opens))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return sorted(self.prepare_value(initial)) != sorted(data or [])


def _entry(each: WeeklyRange) -> Entry:
    return each.weekday, f"{each.range.opens:%H:%M}", f"{each.range.closes:%H:%M}"


def _weekly_range(entry: Entry) -> WeeklyRange:
    weekday, opens, closes = entry
    day = Weekday(weekday).label
    if not opens or not closes:
        raise ValidationError(_("%(day)s: give both times, or remove the range.") % {"day": day})
    try:
        return WeeklyRange(weekday, Range(_time(opens), _time(closes)))
    except ValueError as error:
        raise ValidationError(_("%(day)s: write times as hours and minutes, e.g. 08:30.") % {"day": day}) from error


def _time(text: str) -> dt.time:
    """A time of day to the minute; 24:00 is midnight."""
    if text == "24:00":
        return dt.time()
    found = dt.datetime.strptime(text[:5], "%H:%M")  # noqa: DTZ007 - a wall clock, of which only the time is kept
    if text[5:] not in ("", ":00"):
        raise ValueError(text)
    return found.time()


class HoursForm(ProjectForm):
    """Business hours with their weekly ranges. They can be made the default, which only others can take from them."""

    make_default = forms.BooleanField(
        label=gettext_lazy("Default"),
        required=False,
        widget=UnfoldBooleanSwitchWidget(),
        help_text=gettext_lazy("Followed by queues that follow business hours and name no others."),
    )
    weekly = WeeklyHoursField(
        label=gettext_lazy("Weekly hours"),
        required=False,
        help_text=gettext_lazy(
            "A range that ends at or before its beginning goes past midnight and belongs to the day on which it "
            "starts. 00:00 to 00:00 is the whole day. A day without a range is closed."
        ),
    )
    time_zone = forms.CharField(
        label=gettext_lazy("Time zone"),
        required=False,
        widget=TextWithSuggestions(places.time_zones),
        help_text=gettext_lazy("Empty: the project's time zone."),
    )
    holiday_country = forms.ChoiceField(
        label=gettext_lazy("Public holidays of"),
        required=False,
        choices=lambda: [("", _("No public holidays")), *public_holidays.country_names(get_language() or "en").items()],
        widget=UnfoldAdminSelectWidget(
            attrs={
                "hx-get": "?",
                "hx-trigger": "change",
                "hx-select": "#coming-holidays",
                "hx-target": "#coming-holidays",
                "hx-swap": "outerHTML",
            }
        ),
        help_text=gettext_lazy("Closed on these days, unless an exception says otherwise."),
    )

    class Meta:
        model = BusinessHours
        fields = ("name", "enabled", "time_zone", "holiday_country")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance._state.adding:
            self._start_with_office_hours()
        else:
            self.initial["weekly"] = weekly_ranges_of(self.instance)
        self._know_the_default()

    def _know_the_default(self) -> None:
        if "make_default" not in self.fields:
            return  # viewers have no fields
        field = self.fields["make_default"]
        if self.instance.is_default:
            field.help_text = _("To change this, make other business hours the default.")
        elif not BusinessHours.objects.filter(project=self.instance.project_id, is_default=True).exists():
            field.help_text = _("The first business hours of a project are its default.")
        else:
            return
        field.initial, field.disabled = True, True

    def _start_with_office_hours(self) -> None:
        self.initial.setdefault("weekly", OFFICE_HOURS)
        self.initial.setdefault("holiday_country", self.project.country)

    def clean_time_zone(self) -> str:
        """Accept the city alone, as people type it."""
        text = self.cleaned_data["time_zone"].strip()
        if not text:
            return ""
        name = places.time_zone_named(text)
        validate_time_zone(name)
        return name


class ExceptionForm(ProjectForm):
    """One dated exception: closed, or open at other hours."""

    class Meta:
        model = HoursException
        fields = ("date", "closed", "opens", "closes", "note")
        # The browser's own fields: they fit into a narrow table, and know the reader's calendar.
        widgets: ClassVar = {
            "date": forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "class": INPUT}),
            "opens": forms.TimeInput(format="%H:%M", attrs={"type": "time", "class": INPUT}),
            "closes": forms.TimeInput(format="%H:%M", attrs={"type": "time", "class": INPUT}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.setdefault("aria-label", str(field.label))  # the table's heading is no label

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or self.cleaned_data
        times = [name for name in ("opens", "closes") if cleaned.get(name) is not None]
        if cleaned.get("closed") and times:
            self.add_error("closed", _("Either closed all day, or opening hours: not both."))
        if not cleaned.get("closed") and len(times) < 2 and not {"opens", "closes"} & set(self.errors):
            self.add_error("opens", _("Give both times, or tick “closed all day”."))
        return cleaned


class ExceptionFormSet(BaseInlineFormSet):  # type: ignore[type-arg]
    """The exceptions of some hours, checked against each other."""

    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        by_date: dict[dt.date, list[Range | None]] = {}
        for form in self.forms:
            cleaned = form.cleaned_data
            if cleaned and not cleaned.get("DELETE"):
                hours = None if cleaned["closed"] else Range(cleaned["opens"], cleaned["closes"])
                by_date.setdefault(cleaned["date"], []).append(hours)
        problems = [problem for date, hours in sorted(by_date.items()) for problem in _exception_problems(date, hours)]
        if problems:
            raise ValidationError(problems)


def _exception_problems(date: dt.date, hours: Sequence[Range | None]) -> list[str]:
    shown = {"date": f"{date:%Y-%m-%d}"}
    ranges = [each for each in hours if each is not None]
    if len(hours) > 1 and len(ranges) < len(hours):
        return [_("%(date)s is closed all day, and has another exception.") % shown]
    weekly = [WeeklyRange(date.weekday(), each) for each in ranges]
    return [_("%(date)s: %(problem)s") % {**shown, "problem": problem} for problem in overlap_problems(weekly)]
