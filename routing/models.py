"""Which groups serve a queue and in which tier; the offers of calls to agents, and the decisions behind them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from agents.models import Agent, Group
from calls.models import Call
from common import ids
from projects.models import ProjectRow, Tenanted
from queues.models import Queue, QueueEntry
from routing.domain.asking import ListState
from routing.domain.offers import OfferState


class Tier(models.IntegerChoices):
    """`primary_group` of the compatible API."""

    PRIMARY = 1, _("Primary")
    BACKUP = 0, _("Backup")


class GroupRouting(ProjectRow):
    """A group serves a queue. Backup groups are used while no agent of a primary group is available."""

    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="routings", verbose_name=_("queue"))
    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="routings", verbose_name=_("group"))
    primary_group = models.PositiveSmallIntegerField(_("tier"), choices=Tier.choices, default=Tier.PRIMARY)

    ID_PREFIX = "RO"

    class Meta:
        verbose_name = _("group routing")
        verbose_name_plural = _("group routings")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["queue", "group"], name="group_once_in_queue"),
            models.CheckConstraint(condition=models.Q(primary_group__in=Tier.values), name="routing_tier_known"),
        ]

    def __str__(self) -> str:
        return f"{self.queue} → {self.group}"


class Decision(Tenanted):
    """One run of the rules that give calls to agents: what was asked and what came out, to be explained and re-run.

    Shape: `question` and `answer` are those of `routing.domain`, as JSON.
    """

    at = models.DateTimeField(_("at"))
    question = models.JSONField(_("question"))
    answer = models.JSONField(_("answer"))

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        indexes: ClassVar = [models.Index(fields=["project", "-at"], name="decision_in_project")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S}"


class Offer(Tenanted):
    """One call proposed to one agent until one thing ends it. It owns the reservation of the agent.

    `leg_id` names the leg that rings the agent; it is chosen here, so that dialling twice is dialling once.
    Shape: `endpoints` is [text, …] as the telephony port takes them.
    """

    offer_id = models.CharField(_("offer ID"), max_length=64, unique=True, default=ids.offer_id, editable=False)
    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="offers", verbose_name=_("call"))
    entry = models.ForeignKey(
        QueueEntry, on_delete=models.CASCADE, related_name="offers", verbose_name=_("queue entry")
    )
    agent = models.ForeignKey(
        Agent, null=True, on_delete=models.SET_NULL, related_name="offers", verbose_name=_("agent")
    )
    decision = models.ForeignKey(
        Decision, null=True, on_delete=models.SET_NULL, related_name="offers", verbose_name=_("decision")
    )
    tier = models.PositiveSmallIntegerField(_("tier"), choices=Tier.choices, default=Tier.PRIMARY)
    attempt = models.PositiveIntegerField(_("attempt"), default=1)
    state = models.CharField(
        _("state"), max_length=16, choices=[(each, each) for each in OfferState], default=OfferState.OPEN
    )
    opened_at = models.DateTimeField(_("opened"))
    deadline_at = models.DateTimeField(_("deadline"))
    ended_at = models.DateTimeField(_("ended"), null=True)
    leg_id = models.CharField(_("leg ID"), max_length=64, unique=True, default=ids.leg_id, editable=False)
    endpoints = models.JSONField(_("rings"), default=list)
    cause = models.CharField(_("cause"), max_length=64, blank=True, default="")

    class Meta:
        verbose_name = _("offer")
        verbose_name_plural = _("offers")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["agent"], condition=models.Q(state=OfferState.OPEN), name="offer_open_once_for_agent"
            ),
            models.UniqueConstraint(
                fields=["call"], condition=models.Q(state=OfferState.OPEN), name="offer_open_once_for_call"
            ),
            models.UniqueConstraint(
                fields=["entry"], condition=models.Q(state=OfferState.ACCEPTED), name="offer_accepted_once_for_entry"
            ),
            models.CheckConstraint(
                condition=models.Q(state=OfferState.OPEN, ended_at=None)
                | ~models.Q(state=OfferState.OPEN) & models.Q(ended_at__isnull=False),
                name="offer_ended_once",
            ),
            models.CheckConstraint(condition=models.Q(tier__in=Tier.values), name="offer_tier_known"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["deadline_at"], condition=models.Q(state=OfferState.OPEN), name="offer_open_deadline"),
        ]

    def __str__(self) -> str:
        return self.offer_id


class AgentListFlight(Tenanted):
    """The questions to one queue's agent list URL: at most one is under way (rules: `routing.domain.asking`).

    Shape: `asked` is [row number of a queue entry, …], whom the last question was about.
    """

    queue = models.OneToOneField(
        Queue, on_delete=models.CASCADE, related_name="agent_list_flight", verbose_name=_("queue")
    )
    under_way_since = models.DateTimeField(_("under way since"), null=True)
    asked_at = models.DateTimeField(_("asked"), null=True)
    asked = models.JSONField(_("asked about"), default=list)
    failed_at = models.DateTimeField(_("failed"), null=True)  # null after a usable answer

    class Meta:
        verbose_name = _("agent list")
        verbose_name_plural = _("agent lists")

    def __str__(self) -> str:
        return str(self.queue)


class AgentListQuestion(Tenanted):
    """One question to an agent list URL, with its answer and what a developer should know about that.

    `failure` is a reason of `webhooks.failures`, or empty when the answer came and could not be used.
    Shape: `findings` is [{"code", "where", "call_id", "said"}, …] (words: `routing.agent_list_words`); `lists` is
    {call id: [as in `QueueEntry.listed`]}.
    """

    queue = models.ForeignKey(
        Queue, on_delete=models.CASCADE, related_name="agent_list_questions", verbose_name=_("queue")
    )
    url = models.TextField(_("URL"))
    asked_at = models.DateTimeField(_("asked"))
    duration_ms = models.PositiveIntegerField(_("duration (ms)"), null=True)
    calls = models.PositiveIntegerField(_("calls"))
    request = models.TextField(_("request"))  # JSON, exactly as it is signed
    state = models.CharField(
        _("state"),
        max_length=16,
        choices=[
            (ListState.ASKED.value, _("Asked")),
            (ListState.ANSWERED.value, _("Answered")),
            (ListState.FAILED.value, _("Failed")),
        ],
        default=ListState.ASKED.value,
    )
    status = models.PositiveSmallIntegerField(_("HTTP status"), null=True)
    failure = models.CharField(_("failure"), max_length=24, blank=True, default="")
    detail = models.CharField(_("detail"), max_length=200, blank=True, default="")
    answer = models.TextField(_("answer"), blank=True, default="")  # its beginning
    findings = models.JSONField(_("findings"), default=list)
    lists = models.JSONField(_("listed agents"), default=dict)

    class Meta:
        verbose_name = _("question for agents")
        verbose_name_plural = _("questions for agents")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(state__in=[each.value for each in ListState]), name="agent_list_state_known"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["queue", "-asked_at"], name="agent_list_of_queue"),
            models.Index(fields=["project", "-asked_at"], name="agent_list_in_project"),
            models.Index(fields=["asked_at"], name="agent_list_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.queue} {self.asked_at:%Y-%m-%d %H:%M:%S}"
