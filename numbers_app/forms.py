"""Forms of numbers, and of callers who are blocked or go first."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldBooleanSwitchWidget,
)

from ivr.models import IvrTree
from numbers_app.models import HIGHEST_PRIORITY, LOWEST_PRIORITY, Number
from projects.console import ProjectForm
from queues.models import Queue

MAX_PASTED_CHARACTERS = 200_000  # some ten thousand numbers


class NumberForm(ProjectForm):
    """A number and what answers it: the IVR tree while IVR is on, otherwise the queue; the other is forgotten."""

    class Meta:
        model = Number
        fields: ClassVar = "__all__"

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or self.cleaned_data
        if not cleaned.get("enable_ivr"):
            cleaned["ivr_tree"] = None
        elif cleaned.get("ivr_tree"):
            cleaned["queue"] = None
        elif "ivr_tree" not in self.errors:
            self.add_error("ivr_tree", _("Choose the IVR tree that callers hear, or switch IVR off."))
        return cleaned


class ChooseQueueForm(forms.Form):
    queue = forms.ModelChoiceField(
        Queue.objects.order_by("name"),
        label=_("Queue"),
        widget=UnfoldAdminSelectWidget(),
        help_text=_("IVR is switched off: callers go straight to this queue."),
    )


class ChooseTreeForm(forms.Form):
    ivr_tree = forms.ModelChoiceField(
        IvrTree.objects.order_by("tree_name"),
        label=capfirst(_("IVR tree")),
        widget=UnfoldAdminSelectWidget(),
        help_text=_("IVR is switched on: callers hear this tree."),
    )


class PriorityForm(forms.Form):
    priority = forms.IntegerField(
        label=_("Priority"),
        min_value=LOWEST_PRIORITY,
        max_value=HIGHEST_PRIORITY,
        initial=LOWEST_PRIORITY,
        widget=UnfoldAdminIntegerFieldWidget(),
        help_text=_("1 to 9. Higher numbers are served first."),
    )


class PasteForm(forms.Form):
    """A pasted list of callers and how they are blocked."""

    numbers = forms.CharField(
        label=_("Phone numbers"),
        max_length=MAX_PASTED_CHARACTERS,
        strip=False,  # the lines keep their numbers
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 12, "spellcheck": "false"}),
        help_text=_(
            "One per line, or separated by commas, semicolons or tabs, in any spelling. "
            "Numbers without a country code are read as numbers of the project's country."
        ),
    )
    ivr_blocked = forms.BooleanField(
        label=_("Block before the IVR"), required=False, initial=True, widget=UnfoldBooleanSwitchWidget()
    )
    queue_blocked = forms.BooleanField(
        label=_("Block from queues"), required=False, initial=True, widget=UnfoldBooleanSwitchWidget()
    )

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or self.cleaned_data
        if not cleaned.get("ivr_blocked") and not cleaned.get("queue_blocked"):
            self.add_error("ivr_blocked", _("Choose at least one way of blocking."))
        return cleaned
