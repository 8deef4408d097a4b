"""Console pages of numbers, and of callers who are blocked or go first."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db import IntegrityError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.contrib.filters.admin import BooleanRadioFilter, RelatedDropdownFilter
from unfold.decorators import action, display

from common import phone
from numbers_app import services
from numbers_app.domain import Finding, read_pasted
from numbers_app.forms import ChooseQueueForm, ChooseTreeForm, NumberForm, PasteForm, PriorityForm
from numbers_app.models import BlockedNumber, Number, PhoneRow, PriorityCaller
from numbers_app.resources import BlockedNumberResource, NumberResource, PriorityCallerResource
from projects.console import ProjectAdmin, bulk_action, project_of
from projects.console.columns import link_to
from projects.console.conditions import shown_while
from projects.console.sheets import SheetsMixin

MAX_PASTED = 5_000  # numbers at once: they are written within one request
SHOWN_NUMBERS = 100  # of each kind in a preview


@display(description=gettext_lazy("Number"), ordering="digits")
def international(row: PhoneRow) -> str:
    """The number in the spelling that people read, whatever it was given in."""
    return phone.display(row.digits)


@admin.register(Number)
class NumberAdmin(SheetsMixin, ProjectAdmin):
    """Numbers and what answers them."""

    form = NumberForm
    resource = NumberResource
    phone_fields = ("number",)
    search_fields = ("nickname", "number", "ivr_tree__tree_name", "queue__name")
    search_digits_fields = ("digits",)
    search_help_text = gettext_lazy("Number in any spelling, nickname, IVR tree or queue")
    list_display = (international, "nickname", "answered_by", "outbound", "recording")
    list_select_related = ("ivr_tree", "queue")
    list_filter: ClassVar = [
        ("enable_ivr", BooleanRadioFilter),
        ("ivr_tree", RelatedDropdownFilter),
        ("queue", RelatedDropdownFilter),
        ("allow_outbound_calls", BooleanRadioFilter),
        ("record_outbound_calls", BooleanRadioFilter),
    ]
    list_filter_submit = True
    ordering = ("digits",)
    conditional_fields: ClassVar = {
        "ivr_tree": shown_while("enable_ivr", "true"),
        "queue": shown_while("enable_ivr", "false"),
    }
    fieldsets = (
        (None, {"fields": ("number", "nickname")}),
        (gettext_lazy("Inbound calls"), {"fields": ("enable_ivr", "ivr_tree", "queue")}),
        (gettext_lazy("Outbound calls"), {"fields": ("allow_outbound_calls", "record_outbound_calls")}),
        (gettext_lazy("Expert: your own servers"), {"classes": ("collapse",), "fields": ("answer_url", "event_url")}),
    )
    actions = (
        "allow_outbound",
        "forbid_outbound",
        "record_outbound",
        "do_not_record_outbound",
        "send_to_queue",
        "send_to_tree",
        *SheetsMixin.actions,
    )
    actions_detail: ClassVar = ["simulate_call"]
    empty_text = gettext_lazy(
        "Numbers are what your customers dial. Add the number that your carrier gave you; then choose what answers it."
    )
    empty_next = ((gettext_lazy("Go to the IVR trees"), "admin:ivr_ivrtree_changelist"),)

    @action(description=gettext_lazy("Simulate a call"), url_path="simulate", permissions=["change"], icon="science")
    def simulate_call(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Where somebody can be let call this number."""
        number = self.row_or_404(request, object_id)
        return HttpResponseRedirect(f"{reverse('admin:calls_call_simulate')}?number={number.pk}")

    @display(description=gettext_lazy("Answered by"), ordering="enable_ivr")
    def answered_by(self, number: Number) -> SafeString | str:
        answering = number.ivr_tree if number.enable_ivr else number.queue
        if answering is None:
            return _("Nothing yet")
        kind = _("IVR tree %(name)s") if number.enable_ivr else _("Queue %(name)s")
        return link_to(answering, kind % {"name": answering})

    @display(description=gettext_lazy("Outbound"), ordering="allow_outbound_calls", boolean=True)
    def outbound(self, number: Number) -> bool:
        return number.allow_outbound_calls

    @display(description=gettext_lazy("Recording"), ordering="record_outbound_calls", boolean=True)
    def recording(self, number: Number) -> bool:
        return number.record_outbound_calls

    def save_model(self, request: HttpRequest, obj: Number, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not obj.enable_ivr and obj.queue is None:
            text = _("Nothing answers this number yet: callers will hear that it is not in use.")
            self.message_user(request, text, messages.WARNING)

    @bulk_action(description=gettext_lazy("Allow outbound calls"))
    def allow_outbound(self, request: HttpRequest, number: Number) -> None:
        number.allow_outbound_calls = True

    @bulk_action(description=gettext_lazy("Forbid outbound calls"))
    def forbid_outbound(self, request: HttpRequest, number: Number) -> None:
        number.allow_outbound_calls = False

    @bulk_action(description=gettext_lazy("Record outbound calls"))
    def record_outbound(self, request: HttpRequest, number: Number) -> None:
        number.record_outbound_calls = True

    @bulk_action(description=gettext_lazy("Do not record outbound calls"))
    def do_not_record_outbound(self, request: HttpRequest, number: Number) -> None:
        number.record_outbound_calls = False

    @bulk_action(description=gettext_lazy("Send callers to a queue"), form=ChooseQueueForm)
    def send_to_queue(self, request: HttpRequest, number: Number, data: dict[str, Any]) -> None:
        services.answer_with_queue(number, data["queue"])

    @bulk_action(description=gettext_lazy("Send callers to an IVR tree"), form=ChooseTreeForm)
    def send_to_tree(self, request: HttpRequest, number: Number, data: dict[str, Any]) -> None:
        services.answer_with_tree(number, data["ivr_tree"])


@admin.register(BlockedNumber)
class BlockedNumberAdmin(SheetsMixin, ProjectAdmin):
    """Callers who are not let in."""

    resource = BlockedNumberResource
    phone_fields = ("number",)
    search_fields = ("number",)
    search_digits_fields = ("digits",)
    search_help_text = gettext_lazy("Number in any spelling")
    list_display = (international, "before_ivr", "from_queues", "created_at")
    list_filter: ClassVar = [("ivr_blocked", BooleanRadioFilter), ("queue_blocked", BooleanRadioFilter)]
    list_filter_submit = True
    ordering = ("-created_at", "-pk")
    fieldsets = ((None, {"fields": ("number", "ivr_blocked", "queue_blocked")}),)
    actions = ("block_everywhere", "block_before_ivr", "block_from_queues", *SheetsMixin.actions)
    actions_list: ClassVar = ["paste"]
    empty_text = gettext_lazy("Nobody is blocked. Callers on this list are refused, or never reach a queue.")
    empty_next_to_write = ((gettext_lazy("Paste a list of numbers"), "admin:numbers_app_blockednumber_paste"),)

    @display(description=gettext_lazy("Before the IVR"), ordering="ivr_blocked", boolean=True)
    def before_ivr(self, row: BlockedNumber) -> bool:
        return row.ivr_blocked

    @display(description=gettext_lazy("From queues"), ordering="queue_blocked", boolean=True)
    def from_queues(self, row: BlockedNumber) -> bool:
        return row.queue_blocked

    @bulk_action(description=gettext_lazy("Block everywhere"))
    def block_everywhere(self, request: HttpRequest, row: BlockedNumber) -> None:
        row.ivr_blocked = row.queue_blocked = True

    @bulk_action(description=gettext_lazy("Block before the IVR only"))
    def block_before_ivr(self, request: HttpRequest, row: BlockedNumber) -> None:
        row.ivr_blocked, row.queue_blocked = True, False

    @bulk_action(description=gettext_lazy("Block from queues only"))
    def block_from_queues(self, request: HttpRequest, row: BlockedNumber) -> None:
        row.ivr_blocked, row.queue_blocked = False, True

    @action(description=gettext_lazy("Paste a list"), url_path="paste", permissions=["add"], icon="content_paste")
    def paste(self, request: HttpRequest) -> HttpResponse:
        """Block many callers: first the list is read and shown, then it is written."""
        form = PasteForm(request.POST or None)
        preview = self._read(request, form) if form.is_valid() else None
        if preview and preview["new"] and "confirmed" in request.POST:
            try:
                return self._block(request, form, preview)
            except IntegrityError:
                form.add_error("numbers", _("Somebody changed the same thing at the same time. Check the list again."))
                preview = None
        context = {
            **self.admin_site.each_context(request),
            "title": _("Block a list of numbers"),
            "opts": self.opts,
            "media": self.media,
            "form": form,
            "preview": preview,
            "list_url": reverse("admin:numbers_app_blockednumber_changelist"),
        }
        return TemplateResponse(request, "numbers_app/paste.html", context)

    def _read(self, request: HttpRequest, form: PasteForm) -> dict[str, Any] | None:
        project = project_of(request)
        text = form.cleaned_data["numbers"]
        once = read_pasted(text, project.country)
        digits = [each.digits for each in once if each.finding is Finding.NEW]
        if len(digits) > MAX_PASTED:
            form.add_error("numbers", _("These are more than %(most)s numbers. Split the list.") % {"most": MAX_PASTED})
            return None
        if not once:
            form.add_error("numbers", _("There is no number in this text."))
            return None
        blocked: QuerySet[BlockedNumber] = BlockedNumber.objects.filter(project=project, digits__in=digits)
        known = set(blocked.values_list("digits", flat=True))
        found = read_pasted(text, project.country, known)
        preview: dict[str, Any] = {f.value: [each for each in found if each.finding is f] for f in Finding}
        preview["shown"] = SHOWN_NUMBERS
        return preview

    def _block(self, request: HttpRequest, form: PasteForm, preview: dict[str, Any]) -> HttpResponse:
        created = services.block_numbers(
            project_of(request),
            [each.text for each in preview[Finding.NEW.value]],
            ivr_blocked=form.cleaned_data["ivr_blocked"],
            queue_blocked=form.cleaned_data["queue_blocked"],
        )
        text = ngettext("%(count)s caller is now blocked.", "%(count)s callers are now blocked.", created)
        self.message_user(request, text % {"count": created}, messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:numbers_app_blockednumber_changelist"))


@admin.register(PriorityCaller)
class PriorityCallerAdmin(SheetsMixin, ProjectAdmin):
    """Callers who wait before others."""

    resource = PriorityCallerResource
    phone_fields = ("number",)
    search_fields = ("number", "note")
    search_digits_fields = ("digits",)
    search_help_text = gettext_lazy("Number in any spelling, or note")
    list_display = (international, "priority", "note", "created_at")
    ordering = ("-priority", "digits")
    fieldsets = ((None, {"fields": ("number", "priority", "note")}),)
    actions = ("set_priority", *SheetsMixin.actions)
    empty_text = gettext_lazy(
        "Nobody goes first. Callers on this list wait before all others, in every queue; the higher their priority, "
        "the earlier they are served."
    )

    @bulk_action(description=gettext_lazy("Set the priority"), form=PriorityForm)
    def set_priority(self, request: HttpRequest, caller: PriorityCaller, data: dict[str, Any]) -> None:
        caller.priority = data["priority"]
