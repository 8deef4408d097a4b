"""“Simulate a call”: try a project out before any phone exists."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.contrib import admin
from django.core import signing
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from agents.domain import AVAILABLE
from agents.models import Agent
from agents.widgets import PickManyField
from callflow.pages.lists import ONLY_SHOWS, SCRIPT, STYLE, is_asked_to_write
from callflow.simulated_calls import simulate_call, simulated_engine
from calls.models import Leg
from common import phone
from common.refusals import Refusal
from common.validation import phone_digits, row_number
from numbers_app.models import Number
from projects.console import SUPERVISORS_AND_OWNERS, project_of, role_of
from projects.console.columns import address_of
from projects.models import Project
from telephony.adapters.simulated.script import Agents, CallerScript, Does, PhoneScript, Press, Simulation

LONGEST_S = 600  # nobody watches a longer one
POLLS = 15  # one each second; an engine takes a command in half of one
TICKETS = "callflow.simulated"
EXAMPLE_CALLER = "+84 900 000 001"
_KEYS = re.compile(r"[0-9*#A-D]+(?:[ ,]+[0-9*#A-D]+)*")

AGENTS_DO = [
    (Does.ANSWERS.value, gettext_lazy("Answer")),
    (Does.NEVER_ANSWERS.value, gettext_lazy("Let it ring")),
    (Does.REJECTS.value, gettext_lazy("Reject the call")),
]


def _seconds(label: Any, initial: int, help_text: Any, least: int = 1) -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        initial=initial,
        min_value=least,
        max_value=LONGEST_S,
        help_text=help_text,
        widget=UnfoldAdminIntegerFieldWidget(),
    )


class AgentsOnline(PickManyField):
    """Agents to pick, each with the status that keeps calls away."""

    def label_from_instance(self, obj: Any) -> str:
        name = super().label_from_instance(obj)
        if obj.manual_status == AVAILABLE:
            return name
        return _("%(agent)s · gets no calls: %(status)s") % {"agent": name, "status": obj.manual_status or _("Not set")}


class NumbersToCall(forms.ModelChoiceField):  # type: ignore[type-arg]
    """Numbers in the spelling that people read, with their nicknames."""

    def label_from_instance(self, obj: Any) -> str:
        shown = phone.display(obj.digits)
        return f"{shown} · {obj.nickname}" if obj.nickname else shown


class SimulateForm(forms.Form):
    """Who calls which number, and what everybody does."""

    number: Any = NumbersToCall(
        queryset=Number.objects.none(),
        label=gettext_lazy("Number that is called"),
        empty_label=None,
        widget=UnfoldAdminSelectWidget(),
    )
    caller = forms.CharField(
        label=gettext_lazy("Caller's number"),
        initial=EXAMPLE_CALLER,
        max_length=32,
        widget=UnfoldAdminTextInputWidget(),
        help_text=gettext_lazy("Blocked numbers and priority callers count as in a real call."),
    )
    keys = forms.CharField(
        label=gettext_lazy("Keys the caller presses"),
        required=False,
        max_length=100,
        widget=UnfoldAdminTextInputWidget(),
        help_text=gettext_lazy("One for each menu, with spaces between them, e.g. 1 2. Empty: presses nothing."),
    )
    patience_s = _seconds(gettext_lazy("Waits at most (seconds)"), 60, gettext_lazy("Then the caller hangs up."))
    talk_s = _seconds(gettext_lazy("Talks for (seconds)"), 20, gettext_lazy("Then the caller hangs up."))
    agents = AgentsOnline(
        queryset=Agent.objects.none(),
        label=gettext_lazy("Agents who are online"),
        second_line="stringee_user_id",
        help_text=gettext_lazy(
            "While the call lasts, each of them has a simulated browser that is connected. "
            "Groups, statuses and rules count as always."
        ),
    )
    agents_do = forms.ChoiceField(
        label=gettext_lazy("When they are rung, they"), choices=AGENTS_DO, widget=UnfoldAdminSelectWidget()
    )
    after_s = _seconds(gettext_lazy("After (seconds)"), 3, gettext_lazy("How long it rings before that."), least=0)

    def __init__(self, project: Project, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.project = project
        self._rows("number", Number.objects.filter(project=project).order_by("digits"))
        agents = Agent.objects.filter(project=project).order_by("name", "stringee_user_id")
        self._rows("agents", agents)
        self.fields["agents"].initial = [agent.pk for agent in agents]

    def _rows(self, name: str, rows: Any) -> None:
        self.fields[name].queryset = rows  # type: ignore[attr-defined]

    def clean_caller(self) -> str:
        return phone_digits(self.cleaned_data["caller"], self.project.country)

    def clean_keys(self) -> str:
        keys: str = self.cleaned_data["keys"].strip().upper()
        if keys and not _KEYS.fullmatch(keys):
            raise ValidationError(_("Write keys of a telephone, 0 to 9, * and #, with spaces between the presses."))
        return keys

    def simulation(self) -> Simulation:
        """The script that the form describes."""
        given = self.cleaned_data
        presses = tuple(Press(each) for each in given["keys"].replace(",", " ").split())
        caller = CallerScript(keys=presses, talk_s=float(given["talk_s"]), patience_s=float(given["patience_s"]))
        does = PhoneScript(does=Does(given["agents_do"]), after_s=float(given["after_s"]))
        return Simulation(caller, Agents(tuple(agent.stringee_user_id for agent in given["agents"]), does))


@require_http_methods(["GET", "POST"])
def simulate(request: HttpRequest) -> HttpResponse:
    """GET: the form, `number` chooses the number. POST: begin the call, and go to where it is waited for."""
    project = project_of(request)
    if role_of(request) not in SUPERVISORS_AND_OWNERS:
        raise PermissionDenied
    chosen = row_number(request.GET.get("number", ""))
    form = SimulateForm(project, request.POST or None, initial={"number": chosen} if chosen else None)
    if form.is_valid():
        given = form.cleaned_data
        try:
            leg = simulate_call(given["number"], given["caller"], form.simulation())
        except Refusal as refusal:
            form.add_error(None, refusal.message)
        else:
            return HttpResponseRedirect(reverse("admin:calls_call_simulated", args=[ticket_for(project, leg)]))
    context = {
        **admin.site.each_context(request),
        "title": _("Simulate a call"),
        "media": form.media + forms.Media(css={"all": [STYLE]}),
        "form": form,
        "has_number": Number.objects.filter(project=project).exists(),
        "has_engine": simulated_engine() is not None,
    }
    return TemplateResponse(request, "callflow/simulate.html", context)


def simulated(request: HttpRequest, ticket: str) -> HttpResponse:
    """Wait for a simulated call, then show its page. `polls`: how often this was asked already."""
    project = project_of(request)
    leg_id = _leg_of(project, ticket)
    if is_asked_to_write(request):
        return HttpResponseNotAllowed(ONLY_SHOWS)
    leg = Leg.objects.filter(project=project, leg_id=leg_id).select_related("call").first()
    asks_for_part = bool(request.headers.get("HX-Request"))
    if leg is not None:
        address = address_of(leg.call)
        return HttpResponse(headers={"HX-Redirect": address}) if asks_for_part else HttpResponseRedirect(address)
    polls = row_number(request.GET.get("polls", "")) or 0
    context = {"next_address": f"{request.path}?polls={polls + 1}", "is_late": polls >= POLLS}
    if asks_for_part:
        return TemplateResponse(request, "callflow/simulate/dialling.html", context, headers={"X-Live": "simulated"})
    frame = {
        **admin.site.each_context(request),
        "title": _("Simulate a call"),
        "media": forms.Media(js=[SCRIPT], css={"all": [STYLE]}),
    }
    return TemplateResponse(request, "callflow/simulated.html", {**frame, **context})


def ticket_for(project: Project, leg_id: str) -> str:
    """Names a call that is not there yet in an address; worth something in its project only."""
    return signing.dumps([project.pk, leg_id], salt=TICKETS)


def _leg_of(project: Project, ticket: str) -> str:
    try:
        project_id, leg_id = signing.loads(ticket, salt=TICKETS)
    except signing.BadSignature as error:
        raise Http404 from error
    if project_id != project.pk:
        raise Http404
    return str(leg_id)
