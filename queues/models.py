"""Queues with the calls that wait in them, and the business hours that open and close them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from common.validation import validate_web_address
from projects.models import URL_MAX_LENGTH, ProjectRow, Tenanted, validate_time_zone
from queues.entries import EntryOutcome, EntryState
from sounds.beforehand import speak_after_commit

MIN_RING_TIMEOUT_S = 3  # shorter rings cannot be answered (Source: rest-api.md §7.1)
MAX_RING_TIMEOUT_S = 600
ONE_DAY_S = 86_400
MIN_ANNOUNCE_EVERY_S = 10  # more often, and callers hear more announcements than music
MAX_ANNOUNCE_EVERY_S = 600
MIN_VOICEMAIL_S = 5
MAX_VOICEMAIL_S = 600
TEXT_MAX_LENGTH = 500  # half a minute of speech; longer announcements belong in a file


class Schedule(models.IntegerChoices):
    ALWAYS_OPEN = 1, _("Always open")
    BUSINESS_HOURS = 2, _("Follow business hours")


class CondRouting(models.IntegerChoices):
    """Which devices make an agent reachable for this queue (Source: concepts.md §4)."""

    WEB_APP = 1, _("Web or app only")
    WEB_APP_OR_SIP = 2, _("Web, app or registered SIP phone")


class Weekday(models.IntegerChoices):
    MONDAY = 0, _("Monday")
    TUESDAY = 1, _("Tuesday")
    WEDNESDAY = 2, _("Wednesday")
    THURSDAY = 3, _("Thursday")
    FRIDAY = 4, _("Friday")
    SATURDAY = 5, _("Saturday")
    SUNDAY = 6, _("Sunday")


class BusinessHours(ProjectRow):
    """When a queue is open: weekly hours, dated exceptions, public holidays, in a time zone."""

    name = models.CharField(_("name"), max_length=100)
    is_default = models.BooleanField(
        _("default"), default=False, help_text=_("Used by queues that follow business hours and name no others.")
    )
    enabled = models.BooleanField(
        _("on"), default=True, help_text=_("While it is off, queues that follow it are always open.")
    )
    time_zone = models.CharField(
        _("time zone"),
        max_length=64,
        blank=True,
        default="",
        validators=[validate_time_zone],
        help_text=_("Empty: the project's time zone."),
    )
    holiday_country = models.CharField(
        _("public holidays of"), max_length=2, blank=True, default="", help_text=_("Closed on these days.")
    )

    ID_PREFIX = "BH"

    class Meta:
        verbose_name = _("business hours")
        verbose_name_plural = _("business hours")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project"], condition=models.Q(is_default=True), name="one_default_business_hours"
            ),
            models.UniqueConstraint(fields=["project", "name"], name="business_hours_name_in_project"),
        ]

    def __str__(self) -> str:
        return self.name


class OpeningRange(Tenanted):
    """Open from `opens` until `closes` (local wall clock) on a weekday; closing at or before opening means past
    midnight, so 00:00 to 00:00 is the whole day."""

    hours = models.ForeignKey(BusinessHours, on_delete=models.CASCADE, related_name="ranges")
    weekday = models.PositiveSmallIntegerField(_("weekday"), choices=Weekday.choices)
    opens = models.TimeField(_("opens"))
    closes = models.TimeField(_("closes"))

    class Meta:
        verbose_name = _("opening hours")
        verbose_name_plural = _("opening hours")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["hours", "weekday", "opens"], name="range_once"),
            models.CheckConstraint(condition=models.Q(weekday__range=(0, 6)), name="range_weekday_known"),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens:%H:%M}–{self.closes:%H:%M}"


class HoursException(Tenanted):
    """A dated exception: closed all day, or open at other hours. Goes before weekly hours and public holidays."""

    hours = models.ForeignKey(BusinessHours, on_delete=models.CASCADE, related_name="exceptions")
    date = models.DateField(_("date"))
    closed = models.BooleanField(_("closed all day"), default=True)
    opens = models.TimeField(_("opens"), null=True, blank=True)
    closes = models.TimeField(_("closes"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=100, blank=True, default="")

    class Meta:
        verbose_name = _("exception")
        verbose_name_plural = _("exceptions")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["hours", "date", "opens"], name="exception_once", nulls_distinct=False),
            models.CheckConstraint(
                condition=models.Q(closed=True, opens=None, closes=None)
                | models.Q(closed=False, opens__isnull=False, closes__isnull=False),
                name="exception_closed_or_hours",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.date:%Y-%m-%d}"


class Queue(ProjectRow):
    """A waiting line and how its calls are served. Fields, defaults and limits: rest-api.md §7."""

    name = models.CharField(_("name"), max_length=200)
    record_calls = models.BooleanField(
        _("record calls"), default=True, help_text=_("Records the calls that agents take from this queue.")
    )
    agent_wrap_up_after_calls = models.BooleanField(
        _("wrap-up after calls"), default=True, help_text=_("Gives the agent time for notes before the next call.")
    )
    wrap_up_time_limit = models.PositiveIntegerField(
        _("wrap-up time (s)"),
        default=10,
        validators=[MaxValueValidator(ONE_DAY_S)],
        help_text=_("For so many seconds after a call the agent gets no other from a queue."),
    )
    schedule = models.PositiveSmallIntegerField(_("open"), choices=Schedule.choices, default=Schedule.ALWAYS_OPEN)
    business_hours = models.ForeignKey(
        BusinessHours,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="queues",
        verbose_name=_("business hours"),
        help_text=_("Empty: the project's default business hours."),
    )
    wait_agent_answer_timeout = models.PositiveSmallIntegerField(
        _("ring each agent for (s)"),
        default=15,
        validators=[MinValueValidator(MIN_RING_TIMEOUT_S), MaxValueValidator(MAX_RING_TIMEOUT_S)],
        help_text=_("After this many seconds the call is offered to another agent. At least 3."),
    )
    wait_greeting = models.ForeignKey(
        "ivr.GreetingFile",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="waiting_in",
        verbose_name=_("waiting music"),
        help_text=_("Played over and over to callers who wait."),
    )
    hold_greeting = models.ForeignKey(
        "ivr.GreetingFile",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="holding_in",
        verbose_name=_("hold music"),
        help_text=_("Played to callers whom an agent has put on hold."),
    )
    maximum_queue_size = models.PositiveIntegerField(
        _("longest line (calls)"),
        default=5,
        validators=[MaxValueValidator(100_000)],
        help_text=_("When so many callers wait, the next one leaves the queue: to voicemail when it is on."),
    )
    maximum_queue_wait_time = models.PositiveIntegerField(
        _("longest wait (s)"),
        default=60,
        validators=[MaxValueValidator(ONE_DAY_S)],
        help_text=_("After so many seconds a caller leaves the queue: to voicemail when it is on."),
    )
    enable_voicemail = models.BooleanField(
        _("voicemail"),
        default=False,
        help_text=_("Callers may leave a message when the line is full, the wait too long, or the queue closed."),
    )
    from_number_callout_to_agent = models.CharField(
        _("caller ID towards agents' own phones"),
        max_length=32,
        blank=True,
        default="",
        help_text=_("Needed when agents take calls on their own phone number."),
    )
    get_list_agents_url = models.CharField(
        _("agent list URL"),
        max_length=URL_MAX_LENGTH,
        blank=True,
        default="",
        validators=[validate_web_address],
        help_text=_("When set, your server chooses the agents of each waiting call; groups are ignored."),
    )
    fall_back_to_groups = models.BooleanField(
        _("groups when the agent list fails"),
        default=False,
        help_text=_(
            "On: while your server does not answer, the groups of this queue take its calls. Off: callers wait."
        ),
    )
    last_agent_first = models.BooleanField(
        _("last agent first"),
        default=True,
        help_text=_("Callers are offered first to the agent who spoke with them last, when that agent is free."),
    )
    cond_routing = models.PositiveSmallIntegerField(
        _("agents are reachable by"),
        choices=CondRouting.choices,
        default=CondRouting.WEB_APP,
        help_text=_("Which devices count when the queue looks for an available agent."),
    )
    route_to_backup_groups_after = models.PositiveIntegerField(
        _("try backup groups after (s)"),
        default=0,
        validators=[MaxValueValidator(ONE_DAY_S)],
        help_text=_("0: as soon as no agent of a primary group is available."),
    )
    announce_position = models.BooleanField(
        _("announce the place in line"), default=False, help_text=_("Callers hear how many calls are before theirs.")
    )
    announce_estimated_wait = models.BooleanField(
        _("announce the expected wait"),
        default=False,
        help_text=_("Callers hear about how many minutes they will wait, as far as recent calls tell."),
    )
    announce_every_s = models.PositiveSmallIntegerField(
        _("announce every (s)"),
        default=30,
        validators=[MinValueValidator(MIN_ANNOUNCE_EVERY_S), MaxValueValidator(MAX_ANNOUNCE_EVERY_S)],
        help_text=_("Seconds between two announcements, from 10 to 600. The music goes on after each."),
    )
    voicemail_greeting = models.ForeignKey(
        "ivr.GreetingFile",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="voicemail_prompts",
        verbose_name=_("voicemail greeting file"),
        help_text=_("Played before the tone, instead of the text."),
    )
    voicemail_prompt = models.CharField(
        _("voicemail text"),
        max_length=TEXT_MAX_LENGTH,
        blank=True,
        default="",
        help_text=_("Spoken before the tone. Empty: a usual request to leave a message."),
    )
    voicemail_max_s = models.PositiveSmallIntegerField(
        _("longest message (s)"),
        default=120,
        validators=[MinValueValidator(MIN_VOICEMAIL_S), MaxValueValidator(MAX_VOICEMAIL_S)],
        help_text=_("Seconds, from 5 to 600. Then the recording ends and is kept."),
    )
    sla_target_percent = models.PositiveSmallIntegerField(
        _("service level target (%)"),
        default=80,
        validators=[MaxValueValidator(100)],
        help_text=_("For reports: so many of a hundred calls should be answered in time."),
    )
    sla_answered_within = models.PositiveIntegerField(
        _("answered within (s)"),
        default=20,
        validators=[MaxValueValidator(ONE_DAY_S)],
        help_text=_("For reports: so many seconds count as in time."),
    )

    ID_PREFIX = "QU"

    class Meta:
        verbose_name = _("queue")
        verbose_name_plural = _("queues")
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(schedule__in=Schedule.values), name="queue_schedule_known"),
            models.CheckConstraint(
                condition=models.Q(cond_routing__in=CondRouting.values), name="queue_cond_routing_known"
            ),
            models.CheckConstraint(
                condition=models.Q(wait_agent_answer_timeout__range=(MIN_RING_TIMEOUT_S, MAX_RING_TIMEOUT_S)),
                name="queue_ring_timeout_range",
            ),
            models.CheckConstraint(condition=models.Q(wrap_up_time_limit__lte=ONE_DAY_S), name="queue_wrap_up_range"),
            models.CheckConstraint(condition=models.Q(maximum_queue_size__lte=100_000), name="queue_size_range"),
            models.CheckConstraint(condition=models.Q(maximum_queue_wait_time__lte=ONE_DAY_S), name="queue_wait_range"),
            models.CheckConstraint(condition=models.Q(sla_target_percent__lte=100), name="queue_sla_percent_range"),
            models.CheckConstraint(
                condition=models.Q(announce_every_s__range=(MIN_ANNOUNCE_EVERY_S, MAX_ANNOUNCE_EVERY_S)),
                name="queue_announce_every_range",
            ),
            models.CheckConstraint(
                condition=models.Q(voicemail_max_s__range=(MIN_VOICEMAIL_S, MAX_VOICEMAIL_S)),
                name="queue_voicemail_max_range",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Store it; its text is spoken soon after, whoever has written it."""
        super().save(*args, **kwargs)
        speak_after_commit(self.spoken_text)

    @property
    def spoken_text(self) -> str:
        """What callers hear in a machine's voice; empty for none."""
        return self.voicemail_prompt if self.enable_voicemail and not self.voicemail_greeting_id else ""


class OutcomeCause(models.TextChoices):
    """Why a caller is not (or no longer) kept waiting."""

    FULL = "full", _("The line is full")
    WAITED_TOO_LONG = "waited_too_long", _("The longest wait is over")
    CLOSED = "closed", _("The queue is closed")
    NOBODY_SIGNED_IN = "nobody_signed_in", _("No agent is signed in")


class OutcomeAction(models.TextChoices):
    """Where such a caller goes."""

    VOICEMAIL = "voicemail", _("Voicemail")
    QUEUE = "queue", _("Another queue")
    NUMBER = "number", _("Forward to a phone")
    NODE = "node", _("IVR node")
    MESSAGE = "message", _("Say something and end the call")
    HANG_UP = "hang_up", _("End the call")


class QueueOutcome(Tenanted):
    """What a queue does with a caller whom it does not keep waiting, for one cause.

    Causes without a row do as they always did: see `queues.outcomes.outcome_of`.
    """

    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="outcomes", verbose_name=_("queue"))
    cause = models.CharField(pgettext_lazy("queue outcome", "when"), max_length=16, choices=OutcomeCause.choices)
    action = models.CharField(_("then"), max_length=16, choices=OutcomeAction.choices, default=OutcomeAction.VOICEMAIL)
    to_queue = models.ForeignKey(
        Queue,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="reached_by_outcomes",
        verbose_name=_("other queue"),
        help_text=_("The caller waits there, at the end of the line."),
    )
    to_number = models.CharField(_("forward to"), max_length=32, blank=True, default="")
    from_number = models.CharField(
        _("caller ID of the forwarded call"),
        max_length=32,
        blank=True,
        default="",
        help_text=_("One of your numbers. Empty: the number that the caller dialled."),
    )
    to_node = models.ForeignKey(
        "ivr.IvrNode",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="reached_by_outcomes",
        verbose_name=_("IVR node"),
        help_text=_("The caller hears this node and may press its keys."),
    )
    message = models.CharField(
        _("text to speak"), max_length=TEXT_MAX_LENGTH, blank=True, default="", help_text=_("Then the call ends.")
    )
    greeting = models.ForeignKey(
        "ivr.GreetingFile",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="outcome_messages",
        verbose_name=_("greeting file"),
        help_text=_("Played instead of the text."),
    )

    class Meta:
        verbose_name = _("way out of queue")
        verbose_name_plural = _("ways out of queues")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["queue", "cause"],
                name="outcome_once_for_cause",
                violation_error_message=_("This queue already says what happens then."),
            ),
            models.CheckConstraint(condition=models.Q(cause__in=OutcomeCause.values), name="outcome_cause_known"),
            models.CheckConstraint(condition=models.Q(action__in=OutcomeAction.values), name="outcome_action_known"),
            models.CheckConstraint(
                condition=~models.Q(action=OutcomeAction.QUEUE) | models.Q(to_queue__isnull=False),
                name="outcome_queue_there",
            ),
            models.CheckConstraint(
                condition=~models.Q(action=OutcomeAction.NUMBER) | ~models.Q(to_number=""),
                name="outcome_number_there",
            ),
            models.CheckConstraint(
                condition=~models.Q(action=OutcomeAction.NODE) | models.Q(to_node__isnull=False),
                name="outcome_node_there",
            ),
            models.CheckConstraint(
                condition=~models.Q(action=OutcomeAction.MESSAGE)
                | ~models.Q(message="")
                | models.Q(greeting__isnull=False),
                name="outcome_message_there",
            ),
            models.CheckConstraint(
                condition=models.Q(to_queue__isnull=True) | ~models.Q(to_queue=models.F("queue")),
                name="outcome_leaves_its_queue",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.queue} ({self.get_cause_display()})"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Store it; its text is spoken soon after, whoever has written it."""
        super().save(*args, **kwargs)
        speak_after_commit(self.spoken_text)

    @property
    def spoken_text(self) -> str:
        """What callers hear in a machine's voice; empty for none."""
        return self.message if self.action == OutcomeAction.MESSAGE and not self.greeting_id else ""


class QueueEntry(Tenanted):
    """One stay of a call in a queue.

    `enqueued_at` is the caller's place in the line: it is kept through offers that nobody takes and transfers back;
    `entered_at` is when this stay began. Not offered before `ready_at`: the customer's server is still being asked.

    Shape: `tried` is {agent's row number: {"times": int, "until": ISO time}}, who missed this call and when they may be
    tried again. `listed` is what the agent list URL answered for this call, null before it did:
    [{"user_id": str, "agent": row number or null, "routing_type": 1 | 2, "phone": str, "timeout_s": int}, …].
    """

    call = models.ForeignKey("calls.Call", on_delete=models.CASCADE, related_name="entries", verbose_name=_("call"))
    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="entries", verbose_name=_("queue"))
    state = models.CharField(
        _("state"), max_length=16, choices=[(each, each) for each in EntryState], default=EntryState.WAITING
    )
    outcome = models.CharField(
        _("outcome"), max_length=24, blank=True, default="", choices=[(each, each) for each in EntryOutcome]
    )
    priority = models.PositiveSmallIntegerField(_("priority"), default=0)
    enqueued_at = models.DateTimeField(_("in line since"))
    entered_at = models.DateTimeField(_("entered"))
    ready_at = models.DateTimeField(_("offered from"))
    backup_opens_at = models.DateTimeField(_("backup groups from"))
    ended_at = models.DateTimeField(_("ended"), null=True)
    attempts = models.PositiveIntegerField(_("offers"), default=0)
    last_agent = models.ForeignKey(
        "agents.Agent",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="entries_of_known_callers",
        verbose_name=_("last agent"),
        help_text=_("Who spoke with this caller last."),
    )
    tried = models.JSONField(_("missed by"), default=dict)
    listed = models.JSONField(_("listed agents"), null=True)
    listed_at = models.DateTimeField(_("listed"), null=True)

    class Meta:
        verbose_name = _("queue entry")
        verbose_name_plural = _("queue entries")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["call"], condition=~models.Q(state=EntryState.ENDED), name="entry_open_once_for_call"
            ),
            models.CheckConstraint(
                condition=models.Q(state=EntryState.ENDED, ended_at__isnull=False) & ~models.Q(outcome="")
                | ~models.Q(state=EntryState.ENDED) & models.Q(ended_at=None, outcome=""),
                name="entry_ended_once",
            ),
        ]
        indexes: ClassVar = [
            # The line itself: dispatch reads its head, however long it is.
            models.Index(
                fields=["queue", "-priority", "enqueued_at", "id"],
                condition=models.Q(state=EntryState.WAITING),
                name="entry_line",
            ),
            models.Index(fields=["queue", "state"], condition=~models.Q(state=EntryState.ENDED), name="entry_open"),
        ]

    def __str__(self) -> str:
        return f"{self.call} · {self.queue}"
