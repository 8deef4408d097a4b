"""Tenants: account, project, keys, members, and the base of every row that belongs to a project."""

from __future__ import annotations

import zoneinfo
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from common import ids, phone
from common.acting import current_actor
from common.encryption import EncryptedTextField
from common.validation import validate_web_address

URL_MAX_LENGTH = 2048
MAX_MISSED_CALLS = 50
MAX_OUTBOUND_CALLS = 10_000  # at once, or in a minute: more than one installation carries
MIN_OUTBOUND_DURATION_S = 60
MAX_RETENTION_DAYS = 3650
MAX_OUTBOUND_DURATION_S = 86_400
PREFIXES_MAX_LENGTH = 1000

# What the platform that we are compatible with writes where its contact center answers itself; copied settings keep
# working because we read them as "handled here" (Source: docs/compatibility.md, "Answer URLs").
HANDLED_HERE_URLS = frozenset(
    f"http://v2.stringee.com:8282/{path}"
    for path in ("project_answer_url", "project_event_url", "answer_url", "event_url")
)


def validate_prefixes(text: str) -> None:
    """Refuse anything but the first digits of numbers, separated by spaces or commas."""
    for prefix in prefixes_in(text):
        if not (prefix.isascii() and prefix.isdecimal() and len(prefix) <= phone.MAX_DIGITS):
            raise ValidationError(
                _("“%(text)s” is not the beginning of a phone number. Write digits, e.g. 84 for Viet Nam."),
                code="invalid_prefix",
                params={"text": prefix},
            )


def prefixes_in(text: str) -> tuple[str, ...]:
    """First digits of numbers, as people list them, without plus signs: `+84, 85` is 84 and 85."""
    return tuple(prefix.removeprefix("+") for prefix in text.replace(",", " ").split())


def validate_time_zone(name: str) -> None:
    """Refuse names that the time zone database does not know."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError(_("%(name)s is not a time zone name such as Asia/Ho_Chi_Minh."), params={"name": name})


class Shared(models.Model):
    """What belongs to no project: its history is the operators'."""

    class Meta:
        abstract = True

    def get_additional_data(self) -> dict[str, Any]:
        """As `Tenanted.get_additional_data`, without a project."""
        return {"project": None, "actor": current_actor()}


class User(AbstractUser, Shared):  # noqa: DJ008  AbstractUser has it
    """A person who signs in to the console."""


class Account(Shared):
    """The customer that owns projects; its key signs account REST tokens."""

    name = models.CharField(_("name"), max_length=200)
    sid = models.CharField(_("account SID"), max_length=64, unique=True, default=ids.account_sid, editable=False)
    secret = EncryptedTextField(_("account key secret"), default=ids.key_secret, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")

    def __str__(self) -> str:
        return self.name


class Project(models.Model):
    """An isolated workspace: every other row of the contact center belongs to exactly one."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="projects", verbose_name=_("account"))
    name = models.CharField(_("name"), max_length=200)
    time_zone = models.CharField(
        _("time zone"), max_length=64, default="Asia/Ho_Chi_Minh", validators=[validate_time_zone]
    )
    country = models.CharField(
        _("country"),
        max_length=2,
        default="VN",
        help_text=_("Two letters. Numbers typed without a country code are read as numbers of this country."),
    )
    answer_url = models.CharField(_("answer URL"), max_length=URL_MAX_LENGTH, blank=True, default="")
    event_url = models.CharField(_("event URL"), max_length=URL_MAX_LENGTH, blank=True, default="")
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("project")
        verbose_name_plural = _("projects")
        constraints: ClassVar = [models.UniqueConstraint(fields=["account", "name"], name="project_name_in_account")]

    def __str__(self) -> str:
        return self.name

    def get_additional_data(self) -> dict[str, Any]:
        """As `Tenanted.get_additional_data`: a project's own changes are part of its history."""
        return {"project": self.pk, "actor": current_actor()}


class Tenanted(models.Model):
    """Base of every row that belongs to a project, which is all of them but accounts, users and projects."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, editable=False, verbose_name=_("project"))

    class Meta:
        abstract = True

    def get_additional_data(self) -> dict[str, Any]:
        """What the configuration history keeps beside a change. Shape: {"project": int, "actor": str}."""
        return {"project": self.project_id, "actor": current_actor()}


class ProjectRow(Tenanted):
    """Base of every row that is known to programs by an opaque id.

    `ID_PREFIX` gives the two letters of its `public_id` (Source: docs/compatibility.md, "Ids").
    """

    ID_PREFIX: ClassVar[str]

    public_id = models.CharField(_("ID"), max_length=32, unique=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self.public_id:
            self.public_id = ids.short_id(self.ID_PREFIX)
        super().save(*args, **kwargs)


class ApiKey(Tenanted):
    """A key that signs the tokens of one project's programs and agents. Revoking it takes effect at once."""

    sid = models.CharField(_("key SID"), max_length=64, unique=True, default=ids.key_sid, editable=False)
    secret = EncryptedTextField(_("key secret"), default=ids.key_secret, editable=False)
    label = models.CharField(_("label"), max_length=100, blank=True, help_text=_("What the key is for."))
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, editable=False, verbose_name=_("created by")
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")

    def __str__(self) -> str:
        return self.label or self.sid


class Role(models.TextChoices):
    """What a member may do in a project."""

    OWNER = "owner", _("Owner")
    SUPERVISOR = "supervisor", _("Supervisor")
    VIEWER = "viewer", _("Viewer")


class Member(Tenanted):
    """A user's role in a project."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("user")
    )
    role = models.CharField(_("role"), max_length=16, choices=Role.choices, default=Role.VIEWER)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "user"], name="member_once_in_project"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="member_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.get_role_display()})"


class CallSettings(Tenanted):
    """Webhooks of a whole project (Source: rest-api.md §14)."""

    project = models.OneToOneField(
        Project, on_delete=models.CASCADE, primary_key=True, related_name="call_settings", editable=False
    )
    get_customer_info_url = models.CharField(
        _("customer info URL"),
        max_length=URL_MAX_LENGTH,
        blank=True,
        default="",
        help_text=_("Asked with GET when a call arrives; the JSON it answers is shown to the agent."),
    )
    get_customer_info_timeout = models.PositiveIntegerField(
        _("customer info timeout (ms)"),
        default=2000,
        validators=[MinValueValidator(100), MaxValueValidator(10_000)],
        help_text=_("Milliseconds, from 100 to 10000. After that the call goes on without the information."),
    )
    event_url = models.CharField(
        _("event URL"),
        max_length=URL_MAX_LENGTH,
        blank=True,
        default="",
        help_text=_("Receives a POST for every change of state of every call."),
    )
    callout_answer_url = models.CharField(
        _("callout answer URL"),
        max_length=URL_MAX_LENGTH,
        blank=True,
        default="",
        help_text=_("Asked before an agent's outbound call goes through; it may refuse the call."),
    )
    sms_gateway_url = models.CharField(
        _("SMS gateway URL"),
        max_length=URL_MAX_LENGTH,
        blank=True,
        default="",
        validators=[validate_web_address],
        help_text=_("Receives a POST for every SMS that an IVR key sends. Empty: no SMS is sent."),
    )
    missed_calls_limit = models.PositiveSmallIntegerField(
        _("missed calls in a row"),
        default=3,
        validators=[MaxValueValidator(MAX_MISSED_CALLS)],
        help_text=_(
            "An agent who misses so many offered calls in a row is set aside and gets no more "
            "until the agent or a supervisor returns them. 0: never."
        ),
    )
    outbound_prefixes = models.CharField(
        _("numbers that may be dialled"),
        max_length=PREFIXES_MAX_LENGTH,
        blank=True,
        default="",
        validators=[validate_prefixes],
        help_text=_(
            "First digits with the country code, separated by spaces, e.g. 84 for Viet Nam. "
            "Calls to other numbers are refused before anything is dialled. Empty: every number may be dialled."
        ),
    )
    outbound_concurrency = models.PositiveIntegerField(
        _("calls at once"),
        default=50,
        validators=[MaxValueValidator(MAX_OUTBOUND_CALLS)],
        help_text=_(
            "While so many outbound calls are going on, further ones are refused. 0: no outbound calls at all."
        ),
    )
    outbound_per_minute = models.PositiveIntegerField(
        _("calls per minute"),
        default=120,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_OUTBOUND_CALLS)],
        help_text=_(
            "When so many outbound calls were begun within a minute, further ones are refused until it is over."
        ),
    )
    outbound_max_duration_s = models.PositiveIntegerField(
        _("longest call (s)"),
        default=7200,
        validators=[MinValueValidator(MIN_OUTBOUND_DURATION_S), MaxValueValidator(MAX_OUTBOUND_DURATION_S)],
        help_text=_("Seconds, from 60 to 86400. An outbound call that lasts longer is ended."),
    )
    recording_retention_days = models.PositiveSmallIntegerField(
        _("keep recordings (days)"),
        default=0,
        validators=[MaxValueValidator(MAX_RETENTION_DAYS)],
        help_text=_(
            "Days, at most 3650. Then the sound of conversations and messages is erased; what is known about the calls "
            "stays. 0: recordings are kept until somebody deletes them."
        ),
    )
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("call settings")
        verbose_name_plural = _("call settings")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(get_customer_info_timeout__range=(100, 10_000)), name="customer_info_timeout_range"
            ),
            models.CheckConstraint(
                condition=models.Q(missed_calls_limit__lte=MAX_MISSED_CALLS), name="missed_calls_limit_range"
            ),
            models.CheckConstraint(
                condition=models.Q(outbound_concurrency__lte=MAX_OUTBOUND_CALLS), name="outbound_concurrency_range"
            ),
            models.CheckConstraint(
                condition=models.Q(outbound_per_minute__range=(1, MAX_OUTBOUND_CALLS)),
                name="outbound_per_minute_range",
            ),
            models.CheckConstraint(
                condition=models.Q(outbound_max_duration_s__range=(MIN_OUTBOUND_DURATION_S, MAX_OUTBOUND_DURATION_S)),
                name="outbound_max_duration_range",
            ),
            models.CheckConstraint(
                condition=models.Q(recording_retention_days__lte=MAX_RETENTION_DAYS), name="recording_retention_range"
            ),
        ]

    def __str__(self) -> str:
        return str(_("Call settings"))

    def may_dial(self, digits: str) -> bool:
        """Whether agents and programs may dial a number (digits with country code)."""
        prefixes = prefixes_in(self.outbound_prefixes)
        return not prefixes or digits.startswith(prefixes)
