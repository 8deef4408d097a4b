"""What is owed to and asked of customers' servers, and what came of it."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common import ids
from common.encryption import EncryptedTextField
from projects.models import Tenanted
from webhooks.breaker import BreakerState, Health
from webhooks.domain import EXCERPT_LENGTH, DeliveryState, QuestionState, SmsState
from webhooks.failures import FailureReason
from webhooks.urls import ENDPOINT_MAX_LENGTH

SMS_MAX_LENGTH = 1600  # ten parts of a long message
FAILURES = [(each.value, each.value) for each in FailureReason]


class SigningSecret(Tenanted):
    """Signs what we send to a project's URLs. After a rotation the old one signs too, until it retires.

    `shown_at`: when somebody has read it, which is possible once; a project's first one is made when it first signs.
    """

    secret = EncryptedTextField(_("signing secret"), default=ids.key_secret, editable=False)
    created_at = models.DateTimeField(_("created"))
    retires_at = models.DateTimeField(_("retires"), null=True, blank=True)
    shown_at = models.DateTimeField(_("shown"), null=True, blank=True)

    class Meta:
        verbose_name = _("signing secret")
        verbose_name_plural = _("signing secrets")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project"], condition=Q(retires_at__isnull=True), name="one_present_signing_secret"
            )
        ]

    def __str__(self) -> str:
        return str(_("Signing secret"))


class EndpointHealth(Tenanted):
    """The circuit breaker of an endpoint that has failed: `webhooks.breaker`. No row means that all is well."""

    endpoint = models.CharField(_("endpoint"), max_length=ENDPOINT_MAX_LENGTH)
    state = models.CharField(_("state"), max_length=16, choices=[(each.value, each.value) for each in BreakerState])
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    openings = models.PositiveIntegerField(_("pauses in a row"), default=0)
    until = models.DateTimeField(_("until"), null=True, blank=True)

    class Meta:
        verbose_name = _("endpoint's health")
        verbose_name_plural = _("health of endpoints")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "endpoint"], name="endpoint_health_once"),
            models.CheckConstraint(
                condition=Q(state__in=[each.value for each in BreakerState]), name="breaker_state_known"
            ),
        ]

    def __str__(self) -> str:
        return self.endpoint

    @property
    def health(self) -> Health:
        """The row as the rules see it."""
        return Health(BreakerState(self.state), self.failures, self.openings, self.until)


class DisabledUrl(Tenanted):
    """A URL that answered 410 Gone: it gets no events until somebody enables it or writes another one."""

    url = models.TextField(_("URL"))
    url_key = models.CharField(max_length=64, editable=False)  # SHA-256 of the URL, which may be too long for an index
    disabled_at = models.DateTimeField(_("disabled"))

    class Meta:
        verbose_name = _("disabled URL")
        verbose_name_plural = _("disabled URLs")
        constraints: ClassVar = [models.UniqueConstraint(fields=["project", "url_key"], name="disabled_url_once")]

    def __str__(self) -> str:
        return self.url


class Owed(Tenanted):
    """What must be sent until it is accepted or given up: due times, and the claim of the worker who is at it."""

    state = models.CharField(_("state"), max_length=16)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)  # since the schedule began
    next_attempt_at = models.DateTimeField(_("next attempt"), null=True, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True, editable=False)
    hinted_at = models.DateTimeField(null=True, blank=True, editable=False)  # when the sweep last told a worker

    class Meta:
        abstract = True


class EventKind(models.TextChoices):
    """What a delivery tells."""

    CALL_EVENT = "call_event", _("Call event")
    RECORDING = "recording", _("Recording")
    VOICEMAIL = "voicemail", _("Voicemail")


class Delivery(Owed):
    """One event owed to one URL. At least once: the receiver knows repetitions by `event_id`."""

    event_id = models.CharField(_("event ID"), max_length=32, unique=True)
    call = models.ForeignKey(
        "calls.Call",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="deliveries",
        verbose_name=_("call"),
    )
    serial = models.PositiveIntegerField(_("serial number"), default=0)
    kind = models.CharField(_("kind"), max_length=16, choices=EventKind.choices)
    url = models.TextField(_("URL"))
    endpoint = models.CharField(_("endpoint"), max_length=ENDPOINT_MAX_LENGTH, blank=True)
    body = models.TextField(_("body"))  # JSON, exactly as it is signed
    state = models.CharField(
        _("state"),
        max_length=16,
        choices=[
            (DeliveryState.PENDING.value, _("To be sent")),
            (DeliveryState.SENDING.value, _("Being sent")),
            (DeliveryState.DELIVERED.value, _("Delivered")),
            (DeliveryState.GIVEN_UP.value, _("Given up")),
            (DeliveryState.DISABLED.value, _("Not wanted")),
        ],
    )
    created_at = models.DateTimeField(_("created"))
    first_attempt_at = models.DateTimeField(_("first attempt"), null=True, blank=True)  # when its outcome was known
    give_up_at = models.DateTimeField(_("given up at the latest"))
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("event delivery")
        verbose_name_plural = _("event deliveries")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=[each.value for each in DeliveryState]), name="delivery_state_known"
            ),
            models.CheckConstraint(
                condition=~Q(state=DeliveryState.PENDING.value) | Q(next_attempt_at__isnull=False),
                name="delivery_has_a_time",
            ),
            models.CheckConstraint(
                condition=~Q(state=DeliveryState.SENDING.value) | Q(claimed_at__isnull=False),
                name="delivery_is_claimed",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["next_attempt_at"], condition=Q(state=DeliveryState.PENDING.value), name="delivery_pending_due"
            ),
            models.Index(
                fields=["claimed_at"], condition=Q(state=DeliveryState.SENDING.value), name="delivery_claimed"
            ),
            models.Index(fields=["project", "-id"], name="delivery_newest"),
            models.Index(fields=["project", "state", "-id"], name="delivery_by_state"),
        ]

    def __str__(self) -> str:
        return self.event_id


class Attempt(Tenanted):
    """One try to send a delivery."""

    delivery = models.ForeignKey(
        Delivery, on_delete=models.CASCADE, related_name="tries", verbose_name=_("event delivery")
    )
    at = models.DateTimeField(_("time"))
    duration_ms = models.PositiveIntegerField(_("duration (ms)"))
    status = models.PositiveSmallIntegerField(_("HTTP status"), null=True, blank=True)
    failure = models.CharField(_("failure"), max_length=24, blank=True, default="", choices=FAILURES)
    detail = models.CharField(_("detail"), max_length=200, blank=True, default="")
    answer = models.CharField(_("answer"), max_length=EXCERPT_LENGTH, blank=True, default="")

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.status or self.failure}"


class Purpose(models.TextChoices):
    """What a question is for."""

    CUSTOMER_INFO = "customer_info", _("Customer info")
    ANSWER_URL = "answer_url", _("Answer URL")
    CALLOUT_ANSWER_URL = "callout_answer_url", _("Callout answer URL")
    INPUT_EVENT = "input_event", _("Pressed keys")
    ON_FAIL = "on_fail", _("Failed connection")


class Question(Tenanted):
    """Something that a call wants to know of a customer's URL: asked once, answered before its deadline or not."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    call = models.ForeignKey(
        "calls.Call", null=True, blank=True, on_delete=models.CASCADE, related_name="questions", verbose_name=_("call")
    )
    purpose = models.CharField(_("purpose"), max_length=24, choices=Purpose.choices)
    method = models.CharField(_("method"), max_length=8, choices=[("GET", "GET"), ("POST", "POST")])
    url = models.TextField(_("URL"))
    query = models.JSONField(_("query"), default=dict, blank=True)  # {name: text}
    body = models.TextField(_("body"), blank=True, default="")  # JSON, exactly as it is signed
    created_at = models.DateTimeField(_("created"))
    deadline_at = models.DateTimeField(_("deadline"))
    asked_at = models.DateTimeField(_("asked"), null=True, blank=True)
    state = models.CharField(
        _("state"),
        max_length=16,
        choices=[
            (QuestionState.PENDING.value, _("To be asked")),
            (QuestionState.ASKED.value, _("Asked")),
            (QuestionState.ANSWERED.value, _("Answered")),
            (QuestionState.FAILED.value, _("Without an answer")),
        ],
    )
    answer = models.TextField(_("answer"), blank=True, default="")
    status = models.PositiveSmallIntegerField(_("HTTP status"), null=True, blank=True)
    failure = models.CharField(_("failure"), max_length=24, blank=True, default="", choices=FAILURES)
    detail = models.CharField(_("detail"), max_length=200, blank=True, default="")
    duration_ms = models.PositiveIntegerField(_("duration (ms)"), null=True, blank=True)

    class Meta:
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=[each.value for each in QuestionState]), name="question_state_known"
            )
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["deadline_at"],
                condition=Q(state__in=[QuestionState.PENDING.value, QuestionState.ASKED.value]),
                name="question_open",
            ),
            models.Index(fields=["project", "-created_at"], name="question_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()} {self.url}"

    @property
    def is_settled(self) -> bool:
        """Whether it has been answered or has failed: nothing changes any more."""
        return self.state in (QuestionState.ANSWERED, QuestionState.FAILED)


class Sms(Owed):
    """A text message that goes out through the project's gateway."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    call = models.ForeignKey(
        "calls.Call", null=True, blank=True, on_delete=models.CASCADE, related_name="messages", verbose_name=_("call")
    )
    from_number = models.CharField(_("from"), max_length=64, blank=True, default="")
    to_number = models.CharField(_("to"), max_length=64)
    text = models.CharField(_("text"), max_length=SMS_MAX_LENGTH)
    created_at = models.DateTimeField(_("created"))
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    state = models.CharField(
        _("state"),
        max_length=16,
        choices=[
            (SmsState.PENDING.value, _("To be sent")),
            (SmsState.SENDING.value, _("Being sent")),
            (SmsState.SENT.value, _("Sent")),
            (SmsState.FAILED.value, _("Failed")),
            (SmsState.NO_GATEWAY.value, _("No gateway")),
        ],
    )
    status = models.PositiveSmallIntegerField(_("HTTP status"), null=True, blank=True)
    failure = models.CharField(_("failure"), max_length=24, blank=True, default="", choices=FAILURES)
    answer = models.CharField(_("gateway's answer"), max_length=EXCERPT_LENGTH, blank=True, default="")

    class Meta:
        verbose_name = _("text message")
        verbose_name_plural = _("text messages")
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=[each.value for each in SmsState]), name="sms_state_known"),
            models.CheckConstraint(
                condition=~Q(state=SmsState.PENDING.value) | Q(next_attempt_at__isnull=False), name="sms_has_a_time"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["next_attempt_at"], condition=Q(state=SmsState.PENDING.value), name="sms_pending_due"),
            models.Index(fields=["claimed_at"], condition=Q(state=SmsState.SENDING.value), name="sms_claimed"),
            models.Index(fields=["project", "-created_at"], name="sms_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.to_number}: {self.get_state_display()}"
