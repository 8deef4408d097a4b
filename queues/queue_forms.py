"""Forms of queues."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget

from projects.console import ProjectForm
from queues.models import MAX_RING_TIMEOUT_S, MIN_RING_TIMEOUT_S, BusinessHours, Queue, Schedule


class QueueForm(ProjectForm):
    """A queue; business hours are forgotten while it is always open."""

    class Meta:
        model = Queue
        fields: ClassVar = "__all__"

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("schedule") == Schedule.ALWAYS_OPEN:
            cleaned["business_hours"] = None
        return cleaned


class RingTimeForm(forms.Form):
    seconds = forms.IntegerField(
        label=_("Ring each agent for (s)"),
        min_value=MIN_RING_TIMEOUT_S,
        max_value=MAX_RING_TIMEOUT_S,
        initial=15,
        widget=UnfoldAdminIntegerFieldWidget(),
    )


class HoursForm(forms.Form):
    business_hours = forms.ModelChoiceField(
        BusinessHours.objects.order_by("name"),
        label=_("Business hours"),
        required=False,
        empty_label=_("The project's default business hours"),
        widget=UnfoldAdminSelectWidget(),
    )
