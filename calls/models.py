"""The records of calls: the call, its legs, its recordings, and every change of state."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from calls.domain import CallState, Direction, LegRole, LegState, Outcome
from common import ids
from projects.models import Tenanted

PHONE_MAX_LENGTH = 64  # a telephone number, a user id, or what a caller's switch sends in its place
CUSTOM_DATA_MAX_LENGTH = 64 * 1024


class Call(Tenanted):
    """One conversation seen from the caller, from first ring to last hang-up."""

    call_id = models.CharField(_("call ID"), max_length=64, unique=True, default=ids.call_id, editable=False)
    direction = models.CharField(_("direction"), max_length=16, choices=[(each, each) for each in Direction])
    state = models.CharField(_("state"), max_length=24, choices=[(each, each) for each in CallState])
    outcome = models.CharField(
        _("outcome"), max_length=24, blank=True, default="", choices=[(each, each) for each in Outcome]
    )
    cause = models.CharField(_("cause"), max_length=64, blank=True, default="")
    ended_by = models.CharField(_("ended by"), max_length=16, blank=True, default="")
    created_reason = models.CharField(_("reason"), max_length=64, blank=True, default="")
    number = models.ForeignKey(
        "numbers_app.Number",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="calls",
        verbose_name=_("number"),
    )
    from_number = models.CharField(_("from"), max_length=PHONE_MAX_LENGTH)
    from_alias = models.CharField(_("from, as shown"), max_length=PHONE_MAX_LENGTH, blank=True, default="")
    from_internal = models.BooleanField(_("from a user"), default=False)
    to_number = models.CharField(_("to"), max_length=PHONE_MAX_LENGTH)
    to_alias = models.CharField(_("to, as shown"), max_length=PHONE_MAX_LENGTH, blank=True, default="")
    to_internal = models.BooleanField(_("to a user"), default=False)
    customer_number = models.CharField(_("customer"), max_length=PHONE_MAX_LENGTH, blank=True, default="")
    agent = models.ForeignKey(
        "agents.Agent",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="calls",
        verbose_name=_("agent"),
        help_text=_("Who talked with the customer last."),
    )
    agent_user_id = models.CharField(_("agent's user ID"), max_length=64, blank=True, default="")
    request_user_id = models.CharField(_("started by user"), max_length=64, blank=True, default="")
    priority = models.PositiveSmallIntegerField(_("priority"), default=0)
    client_custom_data = models.TextField(_("custom data of the client"), blank=True, default="")
    custom_data = models.TextField(_("custom data of the customer's server"), blank=True, default="")
    event_url = models.CharField(_("event URL of this call"), max_length=2048, blank=True, default="")
    flow = models.JSONField(_("position"), default=dict, editable=False)
    timers = models.JSONField(_("timers"), default=dict, editable=False)
    next_deadline_at = models.DateTimeField(_("next deadline"), null=True, editable=False)
    serial = models.PositiveIntegerField(_("events told"), default=0, editable=False)
    node = models.CharField(_("engine"), max_length=64, blank=True, default="", editable=False)
    record = models.BooleanField(_("record"), default=False)
    created_at = models.DateTimeField(_("created"))
    answered_at = models.DateTimeField(_("answered"), null=True)
    connected_at = models.DateTimeField(_("connected"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)

    class Meta:
        verbose_name = _("call")
        verbose_name_plural = _("calls")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(state=CallState.ENDED, ended_at__isnull=False) & ~models.Q(outcome="")
                | ~models.Q(state=CallState.ENDED) & models.Q(ended_at=None, outcome=""),
                name="call_ended_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["project", "-created_at"], name="call_in_project"),
            models.Index(fields=["project", "customer_number", "-connected_at"], name="call_of_customer"),
            models.Index(fields=["project", "from_number", "-created_at"], name="call_from_number"),
            models.Index(fields=["project", "to_number", "-created_at"], name="call_to_number"),
            models.Index(
                fields=["next_deadline_at"],
                condition=~models.Q(state=CallState.ENDED) & models.Q(next_deadline_at__isnull=False),
                name="call_deadline",
            ),
            models.Index(fields=["project", "node"], condition=~models.Q(state=CallState.ENDED), name="call_alive"),
        ]

    def __str__(self) -> str:
        return self.call_id


# Legs for which we ring a telephone that is no agent's: what the limits of outbound calls count.
OUTBOUND_LEGS = models.Q(
    role__in=[LegRole.DESTINATION, LegRole.PARTICIPANT, LegRole.SUPERVISOR], agent=None, endpoint__startswith="tel:"
)


class Leg(Tenanted):
    """One party's branch of a call. Its id is chosen by us, or by the engine for calls that come in."""

    leg_id = models.CharField(_("leg ID"), max_length=64, unique=True, default=ids.leg_id, editable=False)
    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="legs", verbose_name=_("call"))
    role = models.CharField(_("role"), max_length=16, choices=[(each, each) for each in LegRole])
    state = models.CharField(_("state"), max_length=16, choices=[(each, each) for each in LegState])
    endpoint = models.CharField(_("endpoint"), max_length=128)
    number = models.CharField(_("number or user"), max_length=PHONE_MAX_LENGTH)
    agent = models.ForeignKey(
        "agents.Agent",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="legs",
        verbose_name=_("agent"),
    )
    held = models.BooleanField(_("on hold"), default=False)
    muted = models.BooleanField(_("muted"), default=False)
    cause = models.CharField(_("cause"), max_length=64, blank=True, default="")
    started_at = models.DateTimeField(_("started"))
    ringing_at = models.DateTimeField(_("ringing"), null=True)
    answered_at = models.DateTimeField(_("answered"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)

    class Meta:
        verbose_name = _("leg")
        verbose_name_plural = _("legs")
        indexes: ClassVar = [
            models.Index(fields=["call"], condition=~models.Q(state=LegState.ENDED), name="leg_alive"),
            models.Index(
                fields=["project"],
                condition=OUTBOUND_LEGS & ~models.Q(state=LegState.ENDED),
                name="leg_outbound_alive",
            ),
            models.Index(fields=["project", "started_at"], condition=OUTBOUND_LEGS, name="leg_outbound_begun"),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.number}"


class Subject(models.TextChoices):
    """Whose change of state a transition row tells."""

    CALL = "call", _("Call")
    LEG = "leg", _("Leg")
    ENTRY = "entry", _("Queue entry")
    OFFER = "offer", _("Offer")
    AGENT = "agent", _("Agent")


class Transition(Tenanted):
    """One change of state, written in the transaction that made it. Replaying them gives the stored state."""

    call = models.ForeignKey(
        Call, null=True, on_delete=models.CASCADE, related_name="transitions", verbose_name=_("call")
    )
    subject = models.CharField(_("of"), max_length=8, choices=Subject.choices)
    subject_id = models.CharField(_("ID"), max_length=64)
    event = models.CharField(_("event"), max_length=32)
    before = models.CharField(_("before"), max_length=24, blank=True)
    after = models.CharField(_("after"), max_length=24)
    at = models.DateTimeField(_("at"))
    details = models.JSONField(_("details"), default=dict)

    class Meta:
        verbose_name = _("transition")
        verbose_name_plural = _("transitions")
        indexes: ClassVar = [
            models.Index(fields=["project", "subject", "subject_id", "id"], name="transition_of_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.subject_id}: {self.before} → {self.after}"


class RecordingKind(models.TextChoices):
    CONVERSATION = "conversation", _("Conversation")
    VOICEMAIL = "voicemail", _("Voicemail")


class RecordingState(models.TextChoices):
    RUNNING = "running", _("Recording")
    FINISHING = "finishing", _("Being finished")  # a worker makes a file for listeners of what the engine has written
    READY = "ready", _("Ready")
    FAILED = "failed", _("Failed")
    ERASED = "erased", _("Erased")  # the sound is gone on purpose, the row stays


class RecordingFailure(models.TextChoices):
    """Why there is no sound."""

    NOTHING = "nothing", _("Nothing was recorded")
    LOST = "lost", _("The file is gone")
    UNREADABLE = "unreadable", _("The file cannot be read")


class Recording(Tenanted):
    """Sound of a call: a conversation, or a message for a queue. Its file lies below the media folder.

    `peaks` has a picture of each side, the same for one that is not stereo. Shape: {"left": [0 to 100], "right": ...}.
    """

    recording_id = models.CharField(_("recording ID"), max_length=64, unique=True, default=uuid.uuid4, editable=False)
    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="recordings", verbose_name=_("call"))
    kind = models.CharField(_("kind"), max_length=16, choices=RecordingKind.choices)
    state = models.CharField(_("state"), max_length=16, choices=RecordingState.choices, default=RecordingState.RUNNING)
    queue = models.ForeignKey(
        "queues.Queue",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="recordings",
        verbose_name=_("queue"),
    )
    event_url = models.CharField(_("event URL"), max_length=2048, blank=True, default="")
    format = models.CharField(_("format"), max_length=8, default="mp3")
    file = models.CharField(
        _("file"), max_length=255, blank=True, default="", help_text=_("Path below the media folder.")
    )
    size_bytes = models.PositiveBigIntegerField(_("size (bytes)"), default=0)
    duration_ms = models.PositiveIntegerField(_("length (ms)"), default=0)
    peaks = models.JSONField(_("waveform"), default=dict, editable=False)
    failure = models.CharField(
        _("failure"), max_length=16, choices=RecordingFailure.choices, blank=True, default="", editable=False
    )
    attempts = models.PositiveSmallIntegerField(_("attempts to finish"), default=0, editable=False)
    finish_after = models.DateTimeField(_("finish after"), null=True, editable=False)
    listened_at = models.DateTimeField(_("listened to"), null=True, editable=False)
    started_at = models.DateTimeField(_("started"))
    ended_at = models.DateTimeField(_("ended"), null=True)

    class Meta:
        verbose_name = _("recording")
        verbose_name_plural = _("recordings")
        indexes: ClassVar = [
            models.Index(fields=["project", "kind", "-started_at"], name="recording_in_project"),
            models.Index(fields=["call"], condition=models.Q(state="running"), name="recording_running"),
            models.Index(fields=["project", "started_at"], condition=~models.Q(file=""), name="recording_with_file"),
            models.Index(fields=["finish_after"], condition=models.Q(state="finishing"), name="recording_to_finish"),
        ]

    def __str__(self) -> str:
        return str(self.recording_id)

    @property
    def is_voicemail(self) -> bool:
        return self.kind == RecordingKind.VOICEMAIL
