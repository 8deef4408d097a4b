"""“Erase a caller's recordings”: first what would go is shown, then it goes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.widgets import UnfoldAdminTextInputWidget

from calls import erasing
from common import phone
from common.refusals import Refusal
from projects.console import project_of


class CallerForm(forms.Form):
    """Whose recordings."""

    number = forms.CharField(
        label=gettext_lazy("Caller's number"),
        max_length=32,
        widget=UnfoldAdminTextInputWidget(),
        help_text=gettext_lazy("In any spelling. Recordings of calls to this number are erased, too."),
    )


def erase_caller(request: HttpRequest, model: type[Model]) -> HttpResponse:
    """GET: ask for the number. POST: show how much there is; with `confirmed`, erase it, and go back to the list."""
    list_url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    form = CallerForm(request.POST or None)
    found = _found(request, form) if form.is_valid() else None
    if found is not None and found.pks and "confirmed" in request.POST:
        count = erasing.erase(found.pks)
        text = ngettext("%(count)s recording was erased.", "%(count)s recordings were erased.", count)
        messages.success(request, text % {"count": count})
        return HttpResponseRedirect(list_url)
    context = {
        **admin.site.each_context(request),
        "title": _("Erase a caller's recordings"),
        "form": form,
        "found": found,
        "caller": phone.display(found.digits) if found is not None else "",
        "list_url": list_url,
    }
    return TemplateResponse(request, "callflow/recording/erase.html", context)


def _found(request: HttpRequest, form: Any) -> erasing.OfCaller | None:
    try:
        return erasing.of_caller(project_of(request), form.cleaned_data["number"])
    except Refusal as refusal:
        form.add_error("number", refusal.message)
        return None
