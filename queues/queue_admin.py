"""Console page of queues."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import BooleanRadioFilter, ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import action

from projects.console import ProjectAdmin, ProjectStackedInline, bulk_action
from projects.console.columns import link_to, linked, several
from projects.console.conditions import shown_while
from projects.console.sheets import SheetsMixin
from queues.models import OutcomeCause, Queue, QueueOutcome, Schedule
from queues.queue_forms import HoursForm, OutcomeForm, QueueForm, RingTimeForm
from queues.resources import QueueResource
from queues.services import delete_queue
from sounds.beforehand import unheard


def routing_address(queue: Queue) -> str:
    """The page on which groups are put into the tiers of a queue."""
    return reverse("admin:routing_grouprouting_queue", args=[queue.pk])


class OutcomeInline(ProjectStackedInline):
    """What happens to callers whom the queue does not keep waiting, at most once for every cause."""

    model = QueueOutcome
    fk_name = "queue"
    form = OutcomeForm
    fields = ("cause", "action", "to_queue", "to_number", "from_number", "to_node", "message", "greeting")
    ordering = ("pk",)
    max_num = len(OutcomeCause)
    verbose_name = gettext_lazy("way out")
    verbose_name_plural = gettext_lazy("Ways out of the line, other than voicemail")


@admin.register(Queue)
class QueueAdmin(SheetsMixin, ProjectAdmin):
    """Waiting lines and how their calls are served."""

    form = QueueForm
    resource = QueueResource
    inlines: ClassVar = [OutcomeInline]
    phone_fields = ("from_number_callout_to_agent",)
    search_fields = ("name",)
    search_help_text = gettext_lazy("Name")
    list_display = ("name", "is_open", "served_by", "rings", "wrap_up", "reached_from", "routing_button")
    list_select_related = ("business_hours",)
    list_filter: ClassVar = [
        ("schedule", ChoicesDropdownFilter),
        ("routings__group", RelatedDropdownFilter),
        ("record_calls", BooleanRadioFilter),
        ("enable_voicemail", BooleanRadioFilter),
    ]
    list_filter_submit = True
    ordering = ("name", "pk")
    change_form_outer_before_template = "queues/agent_list_note.html"
    conditional_fields: ClassVar = {"business_hours": shown_while("schedule", "'2'")}
    fieldsets = (
        (
            gettext_lazy("Basic"),
            {
                "fields": (
                    "name",
                    "schedule",
                    "business_hours",
                    "wait_greeting",
                    "wait_agent_answer_timeout",
                    "agent_wrap_up_after_calls",
                    "wrap_up_time_limit",
                    "record_calls",
                )
            },
        ),
        (
            gettext_lazy("More: long lines and long waits"),
            {
                "classes": ("collapse",),
                "fields": (
                    "maximum_queue_size",
                    "maximum_queue_wait_time",
                    "enable_voicemail",
                    "voicemail_greeting",
                    "voicemail_prompt",
                    "voicemail_max_s",
                    "announce_position",
                    "announce_estimated_wait",
                    "announce_every_s",
                    "route_to_backup_groups_after",
                    "hold_greeting",
                ),
            },
        ),
        (
            gettext_lazy("Expert: devices, your own servers, targets"),
            {
                "classes": ("collapse",),
                "fields": (
                    "cond_routing",
                    "from_number_callout_to_agent",
                    "get_list_agents_url",
                    "fall_back_to_groups",
                    "last_agent_first",
                    "sla_target_percent",
                    "sla_answered_within",
                ),
            },
        ),
    )
    actions = (
        "open_always",
        "follow_business_hours",
        "set_ring_time",
        "record",
        "do_not_record",
        "switch_voicemail_on",
        "switch_voicemail_off",
        *SheetsMixin.actions,
    )
    actions_detail: ClassVar = ["group_routing"]
    empty_text = gettext_lazy(
        "In a queue, callers wait with music until an agent is free. Add a queue, then choose the groups that serve it."
    )
    empty_next = ((gettext_lazy("Go to the groups"), "admin:agents_group_changelist"),)

    @property
    def media(self) -> forms.Media:
        media: forms.Media = super().media
        return media + forms.Media(js=["queues/outcomes.js"])

    def delete_row(self, request: HttpRequest, row: Model) -> None:
        assert isinstance(row, Queue)  # noqa: S101 - tells the type checker whose page this is
        delete_queue(row)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Store the ways out as well; what of the texts callers would not hear is said at once."""
        super().save_related(request, form, formsets, change)
        queue = form.instance
        texts = [queue.spoken_text, *(outcome.spoken_text for outcome in queue.outcomes.all())]
        for complaint in dict.fromkeys(each for text in texts for each in unheard(text)):
            self.message_user(request, complaint, messages.WARNING)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.prefetch_related("routings__group", "numbers", "keys__tree", "reached_by_outcomes__queue")

    @action(description=gettext_lazy("Group routing"), url_path="routing", permissions=["view"], icon="groups")
    def group_routing(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(routing_address(self.row_or_404(request, object_id)))

    # ── The list ─────────────────────────────────────────────────────────────────────────────────────────────────
    @admin.display(description=gettext_lazy("Open"), ordering="schedule")
    def is_open(self, queue: Queue) -> SafeString | str:
        if queue.schedule == Schedule.ALWAYS_OPEN:
            return _("Always")
        return link_to(queue.business_hours) if queue.business_hours else _("Default business hours")

    @admin.display(description=gettext_lazy("Served by"))
    def served_by(self, queue: Queue) -> SafeString | str:
        if queue.get_list_agents_url:
            return _("Agents that your server names")
        routings = sorted(queue.routings.all(), key=lambda each: (-each.primary_group, str(each.group)))
        if not routings:
            return format_html('<span class="text-red-700 dark:text-red-400">{}</span>', _("Nobody"))
        backup = _("%(group)s (backup)")
        names = [str(each.group) if each.primary_group else backup % {"group": each.group} for each in routings]
        return several(linked("", name) for name in names)

    @admin.display(description=gettext_lazy("Rings"), ordering="wait_agent_answer_timeout")
    def rings(self, queue: Queue) -> str:
        return _("%(seconds)s s") % {"seconds": queue.wait_agent_answer_timeout}

    @admin.display(description=gettext_lazy("Wrap-up"), ordering="wrap_up_time_limit")
    def wrap_up(self, queue: Queue) -> str:
        return _("%(seconds)s s") % {"seconds": queue.wrap_up_time_limit} if queue.agent_wrap_up_after_calls else "–"

    @admin.display(description=gettext_lazy("Reached from"))
    def reached_from(self, queue: Queue) -> SafeString | str:
        """Numbers that lead straight here and keys of IVR trees."""
        ways = [link_to(number) for number in queue.numbers.all() if not number.enable_ivr]
        for key in queue.keys.all():
            way = _("%(tree)s, key %(key)s") if len(key.node_key) == 1 else _("%(tree)s: %(key)s")  # no or another key
            ways.append(link_to(key.tree, way % {"tree": key.tree, "key": key}))
        ways += [link_to(outcome.queue, str(outcome)) for outcome in queue.reached_by_outcomes.all()]
        return several(ways) or "–"

    @admin.display(description=gettext_lazy("Group routing"))
    def routing_button(self, queue: Queue) -> SafeString:
        return format_html(
            '<a class="border border-base-200 font-medium inline-flex items-center px-2 py-1 rounded-default '
            'whitespace-nowrap dark:border-base-700" href="{}" aria-label="{}">{}</a>',
            routing_address(queue),
            _("Group routing of %(queue)s") % {"queue": queue},
            _("Group routing"),
        )

    # ── Many at once ─────────────────────────────────────────────────────────────────────────────────────────────
    @bulk_action(description=gettext_lazy("Open always"))
    def open_always(self, request: HttpRequest, queue: Queue) -> None:
        queue.schedule, queue.business_hours = Schedule.ALWAYS_OPEN, None

    @bulk_action(description=gettext_lazy("Follow business hours"), form=HoursForm)
    def follow_business_hours(self, request: HttpRequest, queue: Queue, data: dict[str, Any]) -> None:
        queue.schedule, queue.business_hours = Schedule.BUSINESS_HOURS, data["business_hours"]

    @bulk_action(description=gettext_lazy("Set how long each agent is rung"), form=RingTimeForm)
    def set_ring_time(self, request: HttpRequest, queue: Queue, data: dict[str, Any]) -> None:
        queue.wait_agent_answer_timeout = data["seconds"]

    @bulk_action(description=gettext_lazy("Record calls"))
    def record(self, request: HttpRequest, queue: Queue) -> None:
        queue.record_calls = True

    @bulk_action(description=gettext_lazy("Do not record calls"))
    def do_not_record(self, request: HttpRequest, queue: Queue) -> None:
        queue.record_calls = False

    @bulk_action(description=gettext_lazy("Switch voicemail on"))
    def switch_voicemail_on(self, request: HttpRequest, queue: Queue) -> None:
        queue.enable_voicemail = True

    @bulk_action(description=gettext_lazy("Switch voicemail off"))
    def switch_voicemail_off(self, request: HttpRequest, queue: Queue) -> None:
        queue.enable_voicemail = False
