"""Business hours of queues: which ones a queue follows, what they say at an instant, and changes to them."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from common.deletion import delete_or_refuse, in_use
from common.refusals import InUse, InvalidInput
from projects.models import Project
from queues import domain, public_holidays
from queues.models import BusinessHours, HoursException, OpeningRange, Queue, Schedule, Weekday

HOLIDAY_YEARS_AROUND = (-1, 0, 1, 2)  # the rules look 400 days ahead, in any time zone


# ── Reads ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def business_hours_of(project: Project) -> QuerySet[BusinessHours]:
    """The project's business hours with all that their rules need, the default first. Cost: three queries."""
    return with_rules(BusinessHours.objects.filter(project=project)).order_by("-is_default", "name", "pk")


def with_rules(rows: QuerySet[BusinessHours]) -> QuerySet[BusinessHours]:
    """Load what `rules_of` needs. Cost: two queries more, however many rows."""
    return rows.select_related("project").prefetch_related("ranges", "exceptions")


def zone_of(hours: BusinessHours) -> ZoneInfo:
    """The time zone in which the hours are written: their own, or the project's."""
    return ZoneInfo(hours.time_zone or hours.project.time_zone)


def rules_of(hours: BusinessHours, at: dt.datetime) -> domain.Hours:
    """The hours as the rules see them around an instant. Cost: no query after `with_rules`."""
    zone = zone_of(hours)
    return domain.Hours(
        zone=zone,
        weekly=weekly_ranges_of(hours),
        exceptions=[_exception_of(each) for each in hours.exceptions.all()],
        holidays=frozenset(holidays_around(hours, at.astimezone(zone).date())),
        enabled=hours.enabled,
    )


def weekly_ranges_of(hours: BusinessHours) -> list[domain.WeeklyRange]:
    """The weekly hours, in order."""
    rows = sorted(hours.ranges.all(), key=lambda row: (row.weekday, row.opens))
    return [domain.WeeklyRange(row.weekday, domain.Range(row.opens, row.closes)) for row in rows]


def _exception_of(row: HoursException) -> domain.DayException:
    if row.opens is None or row.closes is None:
        return domain.DayException(row.date, None)
    return domain.DayException(row.date, domain.Range(row.opens, row.closes))


def holidays_around(hours: BusinessHours, day: dt.date, language: str = "en") -> Mapping[dt.date, str]:
    """The public holidays of the hours' country from the year before a day until two years after it."""
    years = [day.year + each for each in HOLIDAY_YEARS_AROUND if dt.MINYEAR <= day.year + each <= dt.MAXYEAR]
    return public_holidays.holidays_of(hours.holiday_country, years, language)


def hours_followed_by(queue: Queue, all_hours: Iterable[BusinessHours]) -> BusinessHours | None:
    """Of the project's hours, those that the queue names, else the default; None for a queue that is always open."""
    if queue.schedule != Schedule.BUSINESS_HOURS:
        return None
    named = queue.business_hours_id
    return next((each for each in all_hours if (each.pk == named if named else each.is_default)), None)


def opening_of(queue: Queue, at: dt.datetime) -> domain.Opening:
    """Whether a queue is open at an instant, and why. Cost: at most three queries."""
    return openings_of([queue], at)[queue.pk]


def openings_of(queues: Sequence[Queue], at: dt.datetime) -> dict[int, domain.Opening]:
    """Whether each of a project's queues is open at an instant. Shape: by queue pk. Cost: at most three queries."""
    following = {each.project_id for each in queues if each.schedule == Schedule.BUSINESS_HOURS}
    rows = list(with_rules(BusinessHours.objects.filter(project__in=following))) if following else []
    answers = {hours.pk: domain.is_open(rules_of(hours, at), at) for hours in rows}
    openings = {}
    for queue in queues:
        hours = hours_followed_by(queue, [each for each in rows if each.project_id == queue.project_id])
        openings[queue.pk] = answers[hours.pk] if hours else domain.ALWAYS_OPEN
    return openings


def is_closed_by_default(project: Project, at: dt.datetime) -> bool:
    """Whether the project's default business hours say closed at an instant. Cost: at most three queries."""
    default = with_rules(BusinessHours.objects.filter(project=project, is_default=True)).first()
    return default is not None and not domain.is_open(rules_of(default, at), at).open


def followers_of(hours: BusinessHours) -> QuerySet[Queue]:
    """The queues that follow these hours, by name or because they are the default."""
    named = Q(business_hours=hours)
    by_default = Q(business_hours=None, project=hours.project_id) if hours.is_default else Q(pk__in=[])
    return Queue.objects.filter(named | by_default, schedule=Schedule.BUSINESS_HOURS).order_by("name", "pk")


def followers_by_hours(project: Project) -> Mapping[int, Sequence[Queue]]:
    """As `followers_of`, for all hours of a project. Shape: by pk of the hours. Cost: two queries."""
    default = BusinessHours.objects.filter(project=project, is_default=True).values_list("pk", flat=True).first()
    found: dict[int, list[Queue]] = defaultdict(list)
    for queue in Queue.objects.filter(project=project, schedule=Schedule.BUSINESS_HOURS).order_by("name", "pk"):
        if followed := queue.business_hours_id or default:
            found[followed].append(queue)
    return found


# ── Writes ───────────────────────────────────────────────────────────────────────────────────────────────────────────
@transaction.atomic
def save_hours(hours: BusinessHours) -> None:
    """Save new or changed hours; the first of a project become its default."""
    if hours._state.adding and not BusinessHours.objects.filter(project=hours.project_id, is_default=True).exists():
        hours.is_default = True
    hours.save()


@transaction.atomic
def make_default(hours: BusinessHours) -> None:
    """Make these the hours of all queues that name no others. Locks: the project's rows, in order of their keys."""
    rows = BusinessHours.objects.select_for_update().filter(project=hours.project_id).order_by("pk")
    for row in rows:
        if row.is_default and row.pk != hours.pk:
            row.is_default = False
            row.save(update_fields=["is_default", "updated_at"])
    if not hours.is_default:
        hours.is_default = True
        hours.save(update_fields=["is_default", "updated_at"])


def switch(hours: BusinessHours, *, on: bool) -> None:
    """Switch the hours on or off; while they are off, queues that follow them are always open."""
    if hours.enabled != on:
        hours.enabled = on
        hours.save(update_fields=["enabled", "updated_at"])


@transaction.atomic
def set_weekly_hours(hours: BusinessHours, weekly: Sequence[domain.WeeklyRange]) -> None:
    """Replace the weekly hours; what stays the same is not touched. Raises InvalidInput when ranges overlap."""
    if problems := overlap_problems(weekly):
        raise InvalidInput(" ".join(problems))
    wanted = {(each.weekday, each.range.opens, each.range.closes) for each in weekly}
    for row in hours.ranges.all():
        key = (row.weekday, row.opens, row.closes)
        if key in wanted:
            wanted.remove(key)
        else:
            row.delete()
    for weekday, opens, closes in sorted(wanted):
        OpeningRange.objects.create(
            project_id=hours.project_id, hours=hours, weekday=weekday, opens=opens, closes=closes
        )


@transaction.atomic
def delete_hours(hours: BusinessHours) -> None:
    """Delete hours that no queue needs.

    Raises InUse when a queue follows them, or when they are the default and others would be left without one.
    """
    if hours.is_default:
        if followers := list(followers_of(hours)):
            raise in_use(hours, followers)
        others = BusinessHours.objects.filter(project=hours.project_id).exclude(pk=hours.pk)
        if others.exists():
            raise InUse(
                _("%(hours)s are the default. Make others the default first.") % {"hours": hours}, [], list(others)
            )
    delete_or_refuse(hours)


# ── Words ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def overlap_problems(weekly: Sequence[domain.WeeklyRange]) -> list[str]:
    """What is wrong with weekly hours, one sentence for each pair of ranges that share some time."""
    return [
        _("%(one)s overlaps with %(other)s.") % {"one": weekly_range_text(one), "other": weekly_range_text(other)}
        for one, other in domain.overlaps(weekly)
    ]


def weekly_range_text(each: domain.WeeklyRange) -> str:
    """E.g. `Monday 08:00–12:00`."""
    return f"{Weekday(each.weekday).label} {range_text(each.range)}"


def range_text(each: domain.Range) -> str:
    """E.g. `08:00–12:00`, or `all day`."""
    if each.opens == each.closes == dt.time():
        return _("all day")
    return f"{each.opens:%H:%M}–{each.closes:%H:%M}"
