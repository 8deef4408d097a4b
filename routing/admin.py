"""Console pages of groups, and of the groups that serve each queue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import display

from agents import services as agent_services
from agents.forms import GroupForm
from agents.models import Group
from agents.resources import GroupResource
from common.validation import row_number
from projects.console import ProjectAdmin, needs_project, project_of
from projects.console.columns import address_of, link_to, linked
from projects.console.sheets import SheetsMixin
from queues.models import Queue
from routing import agent_list_admin, selectors, services
from routing.models import GroupRouting, Tier

__all__ = ["GroupAdmin", "GroupRoutingAdmin", "agent_list_admin", "routing_link"]

MOVES = {"primary": Tier.PRIMARY, "backup": Tier.BACKUP, "out": None}
SEARCH_FROM = 8  # with more groups than this to choose from, the page has a search


def routing_link(routing: GroupRouting) -> SafeString:
    """A queue, linked to its routing page."""
    return linked(reverse("admin:routing_grouprouting_queue", args=[routing.queue_id]), str(routing.queue))


@admin.register(Group)
class GroupAdmin(SheetsMixin, ProjectAdmin):
    """Sets of agents with the same skills."""

    form = GroupForm
    resource = GroupResource
    search_fields = ("name", "agents__name", "agents__stringee_user_id")
    search_help_text = gettext_lazy("Name, or a member's name or user ID")
    list_display = ("name", "number_of_agents", "number_of_queues")
    list_filter: ClassVar = [("routings__queue", RelatedDropdownFilter)]
    list_filter_submit = True
    ordering = ("name", "pk")
    readonly_fields = ("serves", "member_names")
    empty_text = gettext_lazy("A group holds agents with the same skills. Queues are served by groups.")
    empty_next = ((gettext_lazy("Go to the agents"), "admin:agents_agent_changelist"),)

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Sequence[Any]:
        if obj is None:
            return ((None, {"fields": ("name", "members")}),)
        members = "members" if self.has_change_permission(request, obj) else "member_names"
        return ((None, {"fields": ("name", members, "serves")}),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return selectors.counted_groups(rows)

    def save_model(self, request: HttpRequest, obj: Group, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        agent_services.set_members(obj, [agent.pk for agent in form.cleaned_data["members"]])

    def delete_row(self, request: HttpRequest, row: Model) -> None:
        assert isinstance(row, Group)  # noqa: S101 - tells the type checker what this page is about
        services.delete_group(row)

    @admin.display(description=gettext_lazy("Agents"), ordering="agent_count")
    def number_of_agents(self, group: Any) -> int:
        return int(group.agent_count)

    @admin.display(description=gettext_lazy("Queues"), ordering="queue_count")
    def number_of_queues(self, group: Any) -> int:
        return int(group.queue_count)

    @admin.display(description=gettext_lazy("Members"))
    def member_names(self, group: Group) -> SafeString | str:
        """For those who may not change them."""
        links = ((link_to(agent),) for agent in group.agents.order_by("name", "stringee_user_id"))
        return format_html_join(", ", "{}", links) or "–"

    @admin.display(description=gettext_lazy("Serves"))
    def serves(self, group: Group) -> SafeString | str:
        """The queues with the tier in each."""
        routings = group.routings.select_related("queue").order_by("-primary_group", "queue__name")
        links = format_html_join(
            ", ", "{} ({})", ((routing_link(each), each.get_primary_group_display()) for each in routings)
        )
        return links or _("No queue yet. Groups are put into a queue on its page “Group routing”.")


@admin.register(GroupRouting)
class GroupRoutingAdmin(ProjectAdmin):
    """All group routings of the project to look through, and the page that changes those of one queue."""

    search_fields = ("queue__name", "group__name")
    search_help_text = gettext_lazy("Queue or group")
    list_display = ("of_queue", "to_group", "tier")
    list_display_links = None
    list_filter: ClassVar = [
        ("queue", RelatedDropdownFilter),
        ("group", RelatedDropdownFilter),
        ("primary_group", ChoicesDropdownFilter),
    ]
    list_filter_submit = True
    list_select_related = ("queue", "group")
    ordering = ("queue__name", "-primary_group", "group__name")
    actions = None
    empty_text = gettext_lazy("No group serves a queue yet. Choose a queue and press “Group routing”.")
    empty_next = ((gettext_lazy("Go to the queues"), "admin:queues_queue_changelist"),)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        page = require_http_methods(["GET", "POST"])(self.admin_site.admin_view(needs_project(self.queue_page)))
        return [path("queue/<int:queue_id>/", page, name="routing_grouprouting_queue"), *super().get_urls()]

    @admin.display(description=gettext_lazy("Queue"), ordering="queue__name")
    def of_queue(self, routing: GroupRouting) -> SafeString:
        return routing_link(routing)

    @admin.display(description=gettext_lazy("Group"), ordering="group__name")
    def to_group(self, routing: GroupRouting) -> SafeString:
        return link_to(routing.group)

    @display(
        description=gettext_lazy("Tier"), ordering="primary_group", label={Tier.PRIMARY: "success", Tier.BACKUP: "info"}
    )
    def tier(self, routing: GroupRouting) -> tuple[int, str]:
        return routing.primary_group, routing.get_primary_group_display()

    # ── The page of one queue ────────────────────────────────────────────────────────────────────────────────────
    def queue_page(self, request: HttpRequest, queue_id: int) -> HttpResponse:
        """GET: the tiers of a queue. POST `group` and `to` (primary, backup, out): move a group.

        After a move the page is drawn anew, with the focus on the group that was `moved`.
        """
        queue = Queue.objects.filter(project=project_of(request), pk=queue_id).first()
        if queue is None:
            raise Http404
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            if not self.has_change_permission(request):
                raise PermissionDenied
            self.message_user(request, self._move(request, queue), messages.SUCCESS)
            back = request.GET.copy()
            back["moved"] = request.POST["group"]
            return HttpResponseRedirect(f"{request.path}?{back.urlencode()}")
        return self._draw(request, queue)

    def _move(self, request: HttpRequest, queue: Queue) -> str:
        wanted, to = request.POST.get("group", ""), request.POST.get("to", "")
        groups = Group.objects.filter(project=project_of(request))
        group = groups.filter(pk=row_number(wanted)).first()
        if group is None or to not in MOVES:
            raise Http404
        tier = MOVES[to]
        if tier is None:
            services.take_out(queue, group)
            return _("%(group)s no longer serves this queue.") % {"group": group}
        services.put_into_tier(queue, group, tier)
        text = _("%(group)s is now a primary group.") if tier == Tier.PRIMARY else _("%(group)s is now a backup group.")
        return text % {"group": group}

    def _draw(self, request: HttpRequest, queue: Queue) -> HttpResponse:
        routing = selectors.routing_of(queue)
        search = request.GET.get("q", "").strip()
        context = {
            **self.admin_site.each_context(request),
            "title": _("Group routing of %(queue)s") % {"queue": queue},
            "opts": Queue._meta,
            "media": self.media,
            "queue": queue,
            "queue_url": address_of(queue),
            "add_group_url": reverse("admin:agents_group_add"),
            "routing": routing,
            "others": [group for group in routing.others if search.lower() in group.name.lower()],
            "has_search": len(routing.others) > SEARCH_FROM or search,
            "search": search,
            "moved": request.GET.get("moved", ""),
            "may_change": self.has_change_permission(request),
        }
        return TemplateResponse(request, "routing/queue.html", context)
