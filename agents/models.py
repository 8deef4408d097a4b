"""Agents, the groups they work in, and their SIP accounts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import connection, models, transaction
from django.utils.translation import gettext_lazy as _

from agents import domain
from agents.domain import AVAILABLE, Activity, AgentState, Reach, System, TakesCallsOn
from common import clock
from common.encryption import EncryptedTextField
from projects.models import ProjectRow, Tenanted

USER_ID_MAX_LENGTH = 64  # clients limit themselves to 35 or 36
MAX_EXTENSION = 999_999_999
DISPOSITION_MAX_LENGTH = 64


class RoutingType(models.IntegerChoices):
    DEVICE = TakesCallsOn.DEVICE, _("App, web or SIP phone")
    PHONE = TakesCallsOn.PHONE, _("Own phone number")


class SystemStatus(models.IntegerChoices):
    """Set by the system. The order is the compatible API's: 0 is busy (Source: concepts.md §3)."""

    IN_CALL = System.IN_CALL, _("In a call")
    FREE = System.FREE, _("Not in a call")
    WRAP_UP = System.WRAP_UP, _("Wrap-up")


ACTIVITY_WORDS = {
    Activity.IDLE: _("Idle"),
    Activity.OFFERED: _("A call rings"),
    Activity.ON_CALL: _("In a call"),
    Activity.WRAP_UP: _("Wrap-up"),
}
ACTIVITIES = [(activity.value, words) for activity, words in ACTIVITY_WORDS.items()]
ALL_WAYS = Reach.CONNECTION | Reach.PUSH | Reach.SIP | Reach.PHONE


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

    # What he does now (agents.domain). Stored by `agents.activity` and `agents.devices` only.
    activity = models.CharField(
        _("activity"), max_length=16, choices=ACTIVITIES, default=Activity.IDLE.value, editable=False
    )
    activity_since = models.DateTimeField(_("since"), default=clock.now, editable=False)
    call_ref = models.CharField(_("occupied by call"), max_length=64, blank=True, default="", editable=False)
    wrap_up_until = models.DateTimeField(_("wrap-up ends"), null=True, editable=False)
    wrap_up_extended = models.BooleanField(_("wrap-up was extended"), default=False, editable=False)
    missed_in_a_row = models.PositiveIntegerField(_("missed in a row"), default=0, editable=False)
    set_aside_at = models.DateTimeField(_("set aside"), null=True, editable=False)
    paused_until = models.DateTimeField(_("pause ends"), null=True, editable=False)
    reach = models.PositiveSmallIntegerField(_("can be reached on"), default=0, editable=False)
    free_since = models.DateTimeField(_("free since"), null=True, editable=False)
    free_before_offer = models.DateTimeField(_("free before the offer"), null=True, editable=False)

    ID_PREFIX = "AG"
    # What only the system writes: a form or a program that stores its copy of a row leaves these as they are.
    STATE: ClassVar = (
        "system_status",
        "device_status",
        "online_status",
        "last_time_pickup",
        "last_time_support_call_ended",
        "activity",
        "activity_since",
        "call_ref",
        "wrap_up_until",
        "wrap_up_extended",
        "missed_in_a_row",
        "set_aside_at",
        "paused_until",
        "reach",
        "free_since",
        "free_before_offer",
    )

    class Meta:
        verbose_name = _("agent")
        verbose_name_plural = _("agents")
        indexes: ClassVar = [
            models.Index(
                fields=["wrap_up_until"], condition=models.Q(wrap_up_until__isnull=False), name="agent_wrap_up_ends"
            ),
            models.Index(
                fields=["paused_until"], condition=models.Q(paused_until__isnull=False), name="agent_pause_ends"
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(activity__in=[name for name, _words in ACTIVITIES]), name="agent_activity_known"
            ),
            models.CheckConstraint(condition=models.Q(reach__range=(0, int(ALL_WAYS))), name="agent_reach_known"),
            models.CheckConstraint(
                condition=models.Q(activity__in=[Activity.OFFERED.value, Activity.ON_CALL.value])
                ^ models.Q(call_ref=""),
                name="agent_occupied_by_a_call",
            ),
            models.CheckConstraint(
                condition=models.Q(activity=Activity.WRAP_UP.value) ^ models.Q(wrap_up_until=None),
                name="agent_wrap_up_has_an_end",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    manual_status=AVAILABLE,
                    activity=Activity.IDLE.value,
                    system_status=SystemStatus.FREE,
                    set_aside_at=None,
                    paused_until=None,
                    reach__gt=0,
                )
                ^ models.Q(free_since=None),
                name="agent_free_means_free",
            ),
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

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        """Store the agent with a state that fits.

        Of a row that exists, the columns of `STATE` are kept as the database has them unless `update_fields` names
        them: whoever stores an old copy does not undo what calls did meanwhile.
        Locks: the row.
        """
        if self._state.adding:
            self._arrive()
            super().save(*args, update_fields=update_fields, **kwargs)
            return
        with transaction.atomic(savepoint=False):
            names = self._refresh_state(update_fields)
            super().save(*args, update_fields=names, **kwargs)
            copy_to_seats([self.pk])

    def _arrive(self) -> None:
        if self.device_status == Reach.NONE:
            self.device_status = device_bits(self.project_id, self.stringee_user_id)
        self.take(domain.settled(self.state(), clock.now()))

    def _refresh_state(self, update_fields: Iterable[str] | None) -> set[str]:
        """Bring `STATE` in this copy up to date. Returns the names of the columns to store."""
        stored = Agent.objects.select_for_update(no_key=True).get(pk=self.pk)
        names = {field.name for field in self._meta.concrete_fields if not field.primary_key} - set(self.STATE)
        if update_fields is not None:
            names = set(update_fields)
        former_user_id, former_status = stored.stringee_user_id, stored.manual_status
        for name in names:
            setattr(stored, name, getattr(self, name))
        if stored.stringee_user_id != former_user_id:
            stored.device_status = device_bits(stored.project_id, stored.stringee_user_id)
        state = stored.state()
        if state.manual_status != former_status:
            state = domain.status_chosen(state, state.manual_status, clock.now())
        stored.take(domain.settled(state, clock.now()))
        for name in self.STATE:
            setattr(self, name, getattr(stored, name))
        return names | set(self.STATE)

    def state(self) -> AgentState:
        """What decides about this agent, as the pure rules read it."""
        return AgentState(
            agent_id=self.pk,
            user_id=self.stringee_user_id,
            manual_status=self.manual_status,
            routing_type=self.routing_type,
            phone_number=self.phone_number,
            device_status=self.device_status,
            system_status=self.system_status,
            activity=Activity(self.activity),
            activity_since=self.activity_since,
            call_ref=self.call_ref,
            wrap_up_until=self.wrap_up_until,
            wrap_up_extended=self.wrap_up_extended,
            missed_in_a_row=self.missed_in_a_row,
            set_aside_at=self.set_aside_at,
            paused_until=self.paused_until,
            reach=self.reach,
            free_since=self.free_since,
            free_before_offer=self.free_before_offer,
            last_time_pickup=self.last_time_pickup,
            last_time_support_call_ended=self.last_time_support_call_ended,
        )

    def take(self, state: AgentState) -> dict[str, Any]:
        """Write a state that the rules have made into this copy. Returns the columns that changed, with new values."""
        wanted = {name: getattr(state, name) for name in self.STATE if name != "online_status"}
        wanted["online_status"] = int(bool(state.device_status & domain.ONLINE))
        changed = {name: value for name, value in wanted.items() if getattr(self, name) != value}
        for name, value in changed.items():
            setattr(self, name, value)
        return changed


class DeviceKind(models.TextChoices):
    """What a user is reached on."""

    WEB = "web", _("App or web page")
    PUSH = "push", _("Push token")
    SIP = "sip", _("SIP phone")


WAY_OF = {DeviceKind.WEB: Reach.CONNECTION, DeviceKind.PUSH: Reach.PUSH, DeviceKind.SIP: Reach.SIP}


class Device(Tenanted):
    """A connection, a push token or a registered phone, through which a user can be reached now.

    The user need not be an agent: callers' pages and colleagues have devices too.
    """

    user_id = models.CharField(_("user ID"), max_length=USER_ID_MAX_LENGTH)
    kind = models.CharField(_("kind"), max_length=8, choices=DeviceKind.choices)
    device_id = models.CharField(_("device ID"), max_length=255)
    engine_node = models.CharField(_("engine"), max_length=64, blank=True, default="")
    token = models.TextField(_("push token"), blank=True, default="")
    connected_at = models.DateTimeField(_("connected"))
    last_seen_at = models.DateTimeField(_("last seen"))
    expires_at = models.DateTimeField(_("expires"), null=True)

    class Meta:
        verbose_name = _("device")
        verbose_name_plural = _("devices")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "kind", "device_id"], name="device_once_in_project"),
            models.CheckConstraint(condition=models.Q(kind__in=DeviceKind.values), name="device_kind_known"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["project", "user_id"], name="device_of_user"),
            models.Index(fields=["engine_node"], condition=~models.Q(engine_node=""), name="device_of_node"),
            models.Index(fields=["expires_at"], condition=models.Q(expires_at__isnull=False), name="device_expires"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.user_id}"


def device_bits(project_id: int, user_id: str) -> int:
    """On what a user's devices reach him now, as bits of `agents.domain.Reach`."""
    kinds = Device.objects.filter(project_id=project_id, user_id=user_id).values_list("kind", flat=True).distinct()
    return sum(WAY_OF[DeviceKind(kind)] for kind in kinds)


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
    # The seat index: copies of the agent's columns, so that the longest idle agent of a group is a look-up.
    reach = models.PositiveSmallIntegerField(_("can be reached on"), default=0, editable=False)
    free_since = models.DateTimeField(_("free since"), null=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("group member")
        verbose_name_plural = _("group members")
        constraints: ClassVar = [models.UniqueConstraint(fields=["group", "agent"], name="agent_once_in_group")]
        indexes: ClassVar = [
            models.Index(
                fields=["group", "free_since", "agent"],
                condition=models.Q(free_since__isnull=False),
                include=["reach"],
                name="free_seats",
            )
        ]

    def __str__(self) -> str:
        return f"{self.agent} · {self.group}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Store the membership with its copy of the agent's state. Locks: the agent."""
        with transaction.atomic(savepoint=False):
            agent = Agent.objects.select_for_update(no_key=True).only("reach", "free_since").get(pk=self.agent_id)
            self.reach, self.free_since = agent.reach, agent.free_since
            super().save(*args, **kwargs)


def copy_to_seats(agent_ids: Iterable[int]) -> None:
    """Bring the seat index in line with these agents. Every write of an agent's `reach` or `free_since` ends here.

    Locks: the caller holds the agents' rows, so that seats of one agent change in the order of his own changes.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE agents_groupmembership AS seat SET reach = agent.reach, free_since = agent.free_since
            FROM agents_agent AS agent
            WHERE seat.agent_id = agent.id AND agent.id = ANY(%s)
              AND (seat.reach, seat.free_since) IS DISTINCT FROM (agent.reach, agent.free_since)
            """,
            [list(agent_ids)],
        )


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


class CallNote(Tenanted):
    """What an agent has noted about a call of his: a label of how it went, and a text."""

    call = models.ForeignKey("calls.Call", on_delete=models.CASCADE, related_name="notes", verbose_name=_("call"))
    agent = models.ForeignKey(
        Agent, null=True, on_delete=models.SET_NULL, related_name="call_notes", verbose_name=_("agent")
    )
    user_id = models.CharField(_("user ID"), max_length=USER_ID_MAX_LENGTH)  # stays when the agent is deleted
    disposition = models.CharField(_("disposition"), max_length=DISPOSITION_MAX_LENGTH, blank=True, default="")
    text = models.TextField(_("note"), blank=True, default="")
    written_at = models.DateTimeField(_("written"))

    class Meta:
        verbose_name = _("call note")
        verbose_name_plural = _("call notes")
        constraints: ClassVar = [models.UniqueConstraint(fields=["call", "user_id"], name="call_note_once_of_user")]
        indexes: ClassVar = [models.Index(fields=["project", "-written_at"], name="call_note_in_project")]

    def __str__(self) -> str:
        return self.disposition or self.text
