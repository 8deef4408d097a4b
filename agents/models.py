"""Agents, the groups they work in, and their SIP accounts."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from common.encryption import EncryptedTextField
from projects.models import ProjectRow, Tenanted

AVAILABLE = "AVAILABLE"  # the only manual status that lets calls through; compared letter by letter
USER_ID_MAX_LENGTH = 64  # clients limit themselves to 35 or 36
MAX_EXTENSION = 999_999_999


class RoutingType(models.IntegerChoices):
    DEVICE = 1, _("App, web or SIP phone")
    PHONE = 2, _("Own phone number")


class SystemStatus(models.IntegerChoices):
    """Set by the system. The order is the compatible API's: 0 is busy (Source: concepts.md §3)."""

    IN_CALL = 0, _("In a call")
    FREE = 1, _("Not in a call")
    WRAP_UP = 2, _("Wrap-up")


class Agent(ProjectRow):
    """A person who answers calls."""

    name = models.CharField(_("name"), max_length=200)
    stringee_user_id = models.CharField(
        _("user ID"),
        max_length=USER_ID_MAX_LENGTH,
        validators=[RegexValidator(r"^[^\s/]+$", _("A user ID has no spaces and no slashes."))],
        help_text=_("The userId in the agent's access token, and the user part of the SIP account."),
    )
    # Programs tell "never set" (null) from an empty text.
    manual_status = models.CharField(  # noqa: DJ001
        _("manual status"),
        max_length=64,
        null=True,
        blank=True,
        help_text=_("What the agent chose. Only AVAILABLE lets calls through."),
    )
    system_status = models.PositiveSmallIntegerField(
        _("system status"), choices=SystemStatus.choices, default=SystemStatus.FREE
    )
    webhook_status = models.PositiveSmallIntegerField(
        _("webhook status"), choices=SystemStatus.choices, default=SystemStatus.FREE
    )
    routing_type = models.PositiveSmallIntegerField(
        _("takes calls on"),
        choices=RoutingType.choices,
        default=RoutingType.DEVICE,
        help_text=_("The own phone number also needs a caller ID in the queue."),
    )
    phone_number = models.CharField(
        _("phone number"), max_length=32, blank=True, default="", help_text=_("With country code, e.g. 84909982888.")
    )
    allow_out_of_business_hour_callout = models.BooleanField(
        _("may dial out when closed"), default=False, help_text=_("Also outside of business hours.")
    )
    device_status = models.PositiveSmallIntegerField(_("device status"), default=0, editable=False)
    online_status = models.PositiveSmallIntegerField(_("online status"), default=0, editable=False)
    last_time_pickup = models.DateTimeField(_("last answered"), null=True, editable=False)
    last_time_support_call_ended = models.DateTimeField(_("last call ended"), null=True, editable=False)

    ID_PREFIX = "AG"

    class Meta:
        verbose_name = _("agent")
        verbose_name_plural = _("agents")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "stringee_user_id"], name="agent_user_id_in_project"),
            models.CheckConstraint(
                condition=models.Q(routing_type__in=RoutingType.values), name="agent_routing_type_known"
            ),
            models.CheckConstraint(
                condition=models.Q(system_status__in=SystemStatus.values), name="agent_system_status_known"
            ),
            models.CheckConstraint(
                condition=models.Q(webhook_status__in=SystemStatus.values), name="agent_webhook_status_known"
            ),
            models.CheckConstraint(
                condition=~models.Q(routing_type=RoutingType.PHONE, phone_number=""), name="agent_phone_for_type_2"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Group(ProjectRow):
    """A set of agents with the same skills."""

    name = models.CharField(_("name"), max_length=200)
    agents = models.ManyToManyField(Agent, through="GroupMembership", related_name="groups", verbose_name=_("agents"))

    ID_PREFIX = "GR"

    class Meta:
        verbose_name = _("group")
        verbose_name_plural = _("groups")

    def __str__(self) -> str:
        return self.name


class GroupMembership(Tenanted):
    """An agent works in a group."""

    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("group"))
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("agent"))
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("group member")
        verbose_name_plural = _("group members")
        constraints: ClassVar = [models.UniqueConstraint(fields=["group", "agent"], name="agent_once_in_group")]

    def __str__(self) -> str:
        return f"{self.agent} · {self.group}"


class SipAccount(ProjectRow):
    """A registration for a desk or soft phone. Its login is `<project id>_<user_name>`."""

    user_name = models.CharField(
        _("user name"),
        max_length=USER_ID_MAX_LENGTH,
        validators=[RegexValidator(r"^[^\s/@:]+$", _("A user name has no spaces and none of / @ :."))],
        help_text=_("The phone registers with the project's number in front, e.g. 81234_lan."),
    )
    password = EncryptedTextField(_("SIP phone password"))
    extension = models.PositiveIntegerField(
        _("extension"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_EXTENSION)],
        help_text=_("A short number by which colleagues call this phone."),
    )
    stringee_user_id = models.CharField(
        _("user ID"),
        max_length=USER_ID_MAX_LENGTH,
        blank=True,
        default="",
        help_text=_("The agent whose calls ring on this phone."),
    )

    ID_PREFIX = "SA"

    class Meta:
        verbose_name = _("SIP account")
        verbose_name_plural = _("SIP accounts")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "user_name"], name="sip_user_name_in_project"),
            models.UniqueConstraint(fields=["project", "extension"], name="sip_extension_in_project"),
        ]

    def __str__(self) -> str:
        return self.login

    @property
    def login(self) -> str:
        """The name under which the phone registers, e.g. `81234_lan`."""
        return f"{self.project_id}_{self.user_name}"
