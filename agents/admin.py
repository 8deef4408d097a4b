"""Console pages of agents and SIP accounts. Groups have theirs where queues are known: routing.admin."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.admin.utils import flatten_fieldsets
from django.core.exceptions import PermissionDenied
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import action, display

from agents import activity, selectors, services
from agents.domain import AVAILABLE, Activity
from agents.filters import ManualStatusFilter, NowFilter, SipAccountFilter
from agents.forms import AgentForm, ChooseGroupForm, ManualStatusForm, RoutingTypeForm, SipAccountForm
from agents.models import ACTIVITY_WORDS, Agent, RoutingType, SipAccount
from agents.resources import AgentResource, SipAccountResource
from agents.words import COLOURS, present
from common import clock, phone
from common.refusals import InvalidInput
from projects.console import ProjectAdmin, ProjectForm, bulk_action, needs_project, project_of
from projects.console.bulk import Change
from projects.console.columns import in_one_line, linked, links_to
from projects.console.sheets import SheetsMixin
from projects.console.stored import NOTHING, span_text

SIP_FIELDS = ("create_sip", "sip_password", "remove_sip")


def _add(admin: AgentAdmin, request: HttpRequest, agent: Agent, data: dict[str, Any]) -> None:
    services.add_to_group(agent, data["group"])


def _remove(admin: AgentAdmin, request: HttpRequest, agent: Agent, data: dict[str, Any]) -> None:
    services.remove_from_group(agent, data["group"])


def _choose_status(admin: AgentAdmin, request: HttpRequest, agent: Agent, data: dict[str, Any]) -> None:
    activity.set_manual_status(agent.pk, data["manual_status"], clock.now())


def _return(admin: AgentAdmin, request: HttpRequest, agent: Agent, data: dict[str, Any]) -> None:
    activity.return_agent(agent.pk, clock.now(), by=request.user.get_username())


def _end_wrap_up(admin: AgentAdmin, request: HttpRequest, agent: Agent, data: dict[str, Any]) -> None:
    activity.end_wrap_up(agent.pk, clock.now(), by=request.user.get_username())


@admin.register(Agent)
class AgentAdmin(SheetsMixin, ProjectAdmin):
    """The people who answer calls."""

    form = AgentForm
    resource = AgentResource
    phone_fields = ("phone_number",)
    search_fields = ("name", "stringee_user_id")
    search_help_text = gettext_lazy("Name, user ID, or phone number in any spelling")
    list_display = ("who", "status", "does_now", "for_how_long", "takes_calls_on", "in_groups", "devices")
    list_filter: ClassVar = [
        ("groups", RelatedDropdownFilter),
        ManualStatusFilter,
        NowFilter,
        ("routing_type", ChoicesDropdownFilter),
        SipAccountFilter,
    ]
    list_filter_submit = True
    ordering = ("name", "stringee_user_id")
    readonly_fields = ("sip_logins", "in_groups")
    actions = (
        "set_manual_status",
        "return_agents",
        "end_wrap_ups",
        "add_to_group",
        "remove_from_group",
        "set_routing_type",
        *SheetsMixin.actions,
    )
    actions_detail: ClassVar = ["access_token"]
    change_form_outer_before_template = "agents/now.html"
    empty_text = gettext_lazy("Agents are the people who answer calls, in the browser, on a SIP phone or on their own.")
    empty_next_to_write = ((gettext_lazy("Import agents"), "admin:agents_agent_import"),)

    def get_urls(self) -> list[URLPattern]:
        buttons = {"return": self.return_view, "end-wrap-up": self.end_wrap_up_view}
        return [
            path(
                f"<path:object_id>/{name}/",
                needs_project(self.admin_site.admin_view(view)),
                name=f"agents_agent_{name.replace('-', '_')}",
            )
            for name, view in buttons.items()
        ] + super().get_urls()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return selectors.with_call(selectors.with_sip(rows)).prefetch_related("groups")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> tuple[Any, ...]:
        devices: tuple[str, ...] = ("create_sip", "sip_password")
        if obj and obj.has_sip:
            several = services.sip_accounts_of(obj).count() > 1
            devices = ("sip_logins", "remove_sip") if several else ("sip_logins", "sip_password", "remove_sip")
        groups = "groups"
        if obj and not self.has_change_permission(request, obj):
            devices, groups = ("sip_logins",), "in_groups"
        calls = ("manual_status", "routing_type", "phone_number", "allow_out_of_business_hour_callout")
        return (
            (None, {"fields": ("name", "stringee_user_id")}),
            (gettext_lazy("Calls"), {"fields": calls}),
            (gettext_lazy("SIP phone"), {"fields": devices}),
            (gettext_lazy("Groups"), {"fields": (groups,)}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Sequence[str]:
        return self.readonly_fields

    def get_form(
        self, request: HttpRequest, obj: Model | None = None, change: bool = False, **kwargs: Any
    ) -> type[ProjectForm]:
        """Without the fields of the SIP phone account that are not shown, which Django would keep."""
        form = super().get_form(request, obj, change=change, **kwargs)
        shown = flatten_fieldsets(self.get_fieldsets(request, obj))
        for name in SIP_FIELDS:
            if name not in shown:
                form.base_fields.pop(name, None)
        return form

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"manual_status": AVAILABLE, **super().get_changeform_initial_data(request)}

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        digits = phone.searchable_digits(search_term)
        if not digits:
            return found, may_repeat
        national = phone.without_country(digits, project_of(request).country)
        matching = Q(phone_digits__contains=digits) | Q(phone_digits__contains=national)
        by_phone = selectors.with_phone_digits(queryset).filter(matching)
        return queryset.filter(Q(pk__in=found.values("pk")) | Q(pk__in=by_phone.values("pk"))), may_repeat

    def save_model(self, request: HttpRequest, obj: Agent, form: Any, change: bool) -> None:
        # Those of before: a new user ID may be one for which other phones ring already.
        own_phones = list(services.sip_accounts_of(Agent.objects.get(pk=obj.pk))) if change else []
        services.save_agent(obj)
        data = form.cleaned_data
        services.set_groups(obj, [group.pk for group in data["groups"]])
        if data.get("remove_sip"):
            services.remove_sip_accounts(obj)
        elif data.get("create_sip"):
            services.set_sip_account(obj, data["sip_password"])
        elif data.get("sip_password"):
            for account in own_phones:
                services.change_sip_password(account, data["sip_password"])

    def delete_row(self, request: HttpRequest, row: Model) -> None:
        assert isinstance(row, Agent)  # noqa: S101 - tells the type checker what this page is about
        services.delete_agent(row)

    def also_affected(self, row: Model) -> Iterable[Model]:
        assert isinstance(row, Agent)  # noqa: S101 - likewise
        return services.sip_accounts_of(row)

    # ── The form ─────────────────────────────────────────────────────────────────────────────────────────────────
    @admin.display(description=gettext_lazy("SIP phone account"))
    def sip_logins(self, agent: Agent) -> SafeString | str:
        """The logins that ring for the agent, e.g. 81234_lan."""
        return links_to(services.sip_accounts_of(agent)) or _("None")

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, obj: Any = None, **kwargs: Any
    ) -> HttpResponse:
        """With what he does now, above the form, and buttons for it."""
        now: dict[str, Any] = {}
        if obj:
            may_steer = self.has_change_permission(request, obj)
            now = {"now": present(obj), "call_link": _call_link(obj), "may_steer": may_steer}
        response: HttpResponse = super().render_change_form(request, {**context, **now}, *args, obj=obj, **kwargs)
        return response

    def return_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """One click, and calls come again to an agent who was set aside."""
        return self._steered(request, object_id, activity.return_agent, _("Calls come to %(agent)s again."))

    def end_wrap_up_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """One click, and an agent's wrap-up is over."""
        return self._steered(request, object_id, activity.end_wrap_up, _("The wrap-up of %(agent)s is over."))

    def _steered(
        self, request: HttpRequest, object_id: str, change: Callable[..., activity.Moved], done: str
    ) -> HttpResponse:
        agent: Agent = self.row_or_404(request, object_id)
        if not self.has_change_permission(request, agent):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if change(agent.pk, clock.now(), by=request.user.get_username()):
            self.message_user(request, done % {"agent": agent}, messages.SUCCESS)
        else:
            self.message_user(request, _("Nothing to do: this has changed in the meantime."), messages.INFO)
        return HttpResponseRedirect(self.address_of(agent))

    @action(description=gettext_lazy("Access token"), url_path="token", permissions=["view"], icon="token")
    def access_token(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The token tool, filled in for this agent."""
        agent = self.row_or_404(request, object_id)
        query = urlencode({"user_id": agent.stringee_user_id, "pcc": 1})
        return HttpResponseRedirect(f"{reverse('admin:access_token')}?{query}")

    # ── The list ─────────────────────────────────────────────────────────────────────────────────────────────────
    @admin.display(description=gettext_lazy("Agent"), ordering="name")
    def who(self, agent: Agent) -> SafeString:
        lines = '<span class="block">{}</span> <span class="block font-normal text-xs">{}</span>'
        return format_html(lines, agent.name, agent.stringee_user_id)

    @display(description=gettext_lazy("Status"), ordering="manual_status", label={True: "success", False: "warning"})
    def status(self, agent: Agent) -> tuple[bool, str]:
        return agent.manual_status == AVAILABLE, agent.manual_status or _("Not set")

    @display(description=gettext_lazy("Now"), ordering="activity", label=COLOURS)
    def does_now(self, agent: Agent) -> tuple[str, str]:
        now = present(agent)
        return now.key, now.words

    @admin.display(description=gettext_lazy("For"), ordering="-activity_since")
    def for_how_long(self, agent: Any) -> SafeString | str:
        """How long already, and below it which call it is about."""
        since = present(agent).since
        if since is None:
            return NOTHING
        lines = '<span class="block">{}</span> <span class="block text-xs">{}</span>'
        return format_html(lines, span_text((clock.now() - since).total_seconds()), _call_link(agent))

    @admin.display(description=gettext_lazy("Takes calls on"), ordering="routing_type")
    def takes_calls_on(self, agent: Agent) -> str:
        if agent.routing_type == RoutingType.PHONE:
            return _("Phone %(number)s") % {"number": phone.shown(agent.phone_number)}
        return agent.get_routing_type_display()

    @admin.display(description=gettext_lazy("Groups"))
    def in_groups(self, agent: Agent) -> SafeString | str:
        return links_to(sorted(agent.groups.all(), key=str)) or "–"

    @admin.display(description=gettext_lazy("Devices"))
    def devices(self, agent: Any) -> str:
        parts = [_("Online") if agent.online_status else _("Offline"), _("SIP account") if agent.has_sip else ""]
        return " · ".join(part for part in parts if part)

    # ── Many at once ─────────────────────────────────────────────────────────────────────────────────────────────
    @bulk_action(description=gettext_lazy("Set manual status"), form=ManualStatusForm, apply=_choose_status)
    def set_manual_status(self, request: HttpRequest, agent: Agent, data: dict[str, Any]) -> list[Change]:
        old, new = agent.manual_status or "–", data["manual_status"] or "–"
        return [Change(_("Manual status"), old, new)] if old != new else []

    @bulk_action(description=gettext_lazy("Let calls come again"), apply=_return)
    def return_agents(self, request: HttpRequest, agent: Agent) -> list[Change]:
        aside = agent.set_aside_at is not None
        return [Change(_("Now"), present(agent).words, _("Gets calls"))] if aside else []

    @bulk_action(description=gettext_lazy("End wrap-up"), apply=_end_wrap_up)
    def end_wrap_ups(self, request: HttpRequest, agent: Agent) -> list[Change]:
        in_wrap_up = agent.activity == Activity.WRAP_UP
        return [Change(_("Now"), present(agent).words, str(ACTIVITY_WORDS[Activity.IDLE]))] if in_wrap_up else []

    @bulk_action(description=gettext_lazy("Add to a group"), form=ChooseGroupForm, apply=_add)
    def add_to_group(self, request: HttpRequest, agent: Agent, data: dict[str, Any]) -> list[Change]:
        group = data["group"]
        return [] if group in agent.groups.all() else [Change(_("Group"), _("Not a member"), str(group))]

    @bulk_action(description=gettext_lazy("Remove from a group"), form=ChooseGroupForm, apply=_remove)
    def remove_from_group(self, request: HttpRequest, agent: Agent, data: dict[str, Any]) -> list[Change]:
        group = data["group"]
        return [Change(_("Group"), str(group), _("Not a member"))] if group in agent.groups.all() else []

    @bulk_action(description=gettext_lazy("Choose where calls are taken"), form=RoutingTypeForm)
    def set_routing_type(self, request: HttpRequest, agent: Agent, data: dict[str, Any]) -> None:
        if data["routing_type"] == RoutingType.PHONE and not agent.phone_number:
            raise InvalidInput(_("This agent has no phone number."))
        agent.routing_type = data["routing_type"]


def _call_link(agent: Any) -> SafeString | str:
    """The call that occupies an agent, by its customer's number; its id when it is not among the calls."""
    call_id: str = agent.call_ref
    if agent.call_pk is None:
        return call_id
    text = in_one_line(phone.shown(agent.customer_number)) or call_id
    return linked(reverse("admin:calls_call_change", args=[agent.call_pk]), text)


@admin.register(SipAccount)
class SipAccountAdmin(SheetsMixin, ProjectAdmin):
    """Registrations of desk and soft phones. Their passwords are written here and never read."""

    form = SipAccountForm
    resource = SipAccountResource
    can_import = False
    search_fields = ("user_name", "stringee_user_id")
    search_help_text = gettext_lazy("User name or user ID")
    list_display = ("sip_login", "extension", "rings_for", "created_at")
    ordering = ("user_name",)
    readonly_fields = ("sip_login", "registration")
    actions = SheetsMixin.actions
    empty_text = gettext_lazy(
        "With a SIP account, an agent takes calls on a desk phone or a SIP program. "
        "It can also be made together with the agent."
    )
    empty_next = ((gettext_lazy("Go to the agents"), "admin:agents_agent_changelist"),)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Sequence[str]:
        return (*self.readonly_fields, "user_name") if obj else self.readonly_fields

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Sequence[Any]:
        if obj is None:
            return ((None, {"fields": ("user_name", "new_password", "extension", "stringee_user_id")}),)
        fields: tuple[str, ...] = ("extension", "stringee_user_id")
        if self.has_change_permission(request, obj):
            fields = ("new_password", *fields)
        return (
            (gettext_lazy("To register a phone"), {"fields": ("sip_login", "registration")}),
            (None, {"fields": fields}),
        )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return selectors.with_agent(rows).defer("password")

    @admin.display(description=gettext_lazy("User name"), ordering="user_name")
    def sip_login(self, account: SipAccount) -> str:
        return account.login

    @admin.display(description=gettext_lazy("Rings for"), ordering="stringee_user_id")
    def rings_for(self, account: Any) -> SafeString | str:
        if account.agent_id is None:
            return account.stringee_user_id or "–"
        return linked(reverse("admin:agents_agent_change", args=[account.agent_id]), account.agent_name)

    @admin.display(description=gettext_lazy("Password"))
    def registration(self, account: SipAccount) -> str:
        return _("Set; it is not shown.")

    def save_model(self, request: HttpRequest, obj: SipAccount, form: Any, change: bool) -> None:
        if password := form.cleaned_data.get("new_password"):
            obj.password = password
        services.save_sip_account(obj)
        if password and change:
            text = _("Phones with the old password can no longer register.")
            self.message_user(request, text, messages.INFO)
