"""Forms of queues."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from projects.console import ProjectForm
from queues.models import (
    MAX_RING_TIMEOUT_S,
    MIN_RING_TIMEOUT_S,
    BusinessHours,
    OutcomeAction,
    Queue,
    QueueOutcome,
    Schedule,
)

# What an action leads to. Fields of other actions are hidden and forgotten.
TARGETS = {
    OutcomeAction.QUEUE: ("to_queue",),
    OutcomeAction.NUMBER: ("to_number", "from_number"),
    OutcomeAction.NODE: ("to_node",),
    OutcomeAction.MESSAGE: ("message", "greeting"),
}


class QueueForm(ProjectForm):
    """A queue; business hours are forgotten while it is always open."""

    class Meta:
        model = Queue
        fields: ClassVar = "__all__"
        widgets: ClassVar = {"voicemail_prompt": UnfoldAdminTextareaWidget(attrs={"rows": 3})}

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("schedule") == Schedule.ALWAYS_OPEN:
            cleaned["business_hours"] = None
        return cleaned


class OutcomeForm(ProjectForm):
    """A way out of a queue; the targets of other actions are forgotten."""

    phone_fields = ("to_number", "from_number")

    class Meta:
        model = QueueOutcome
        fields = ("cause", "action", "to_queue", "to_number", "from_number", "to_node", "message", "greeting")
        widgets: ClassVar = {
            "to_number": UnfoldAdminTextInputWidget(attrs={"inputmode": "tel"}),
            "message": UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for action, names in TARGETS.items():
            for name in names:
                if name in self.fields:  # viewers have none
                    self.fields[name].widget.attrs["data-shown-for-action"] = action.value
        if "from_number" in self.fields:
            self.fields["from_number"] = self._caller_id_field()
        if "to_node" in self.fields:
            self._name_nodes_with_their_trees(self.fields["to_node"])

    def _caller_id_field(self) -> forms.Field:
        """Our numbers, and whatever is set now."""
        model_field = self.fields["from_number"]
        numbers = self.project.number_set.order_by("digits").values_list("number", flat=True)
        known = dict.fromkeys([*numbers, *filter(None, [self.instance.from_number])])
        return forms.ChoiceField(
            label=model_field.label,
            choices=[("", _("The number that the caller dialled")), *((number, number) for number in known)],
            required=False,
            widget=UnfoldAdminSelectWidget(attrs=model_field.widget.attrs),
        )

    @staticmethod
    def _name_nodes_with_their_trees(field: Any) -> None:
        field.queryset = field.queryset.select_related("tree").order_by("tree__tree_name", "node_name", "pk")
        field.label_from_instance = lambda node: f"{node.tree}: {node}"

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or self.cleaned_data
        action = cleaned.get("action")
        if action not in OutcomeAction.values:
            return cleaned
        self._forget_targets_of_others(action)
        match action:
            case OutcomeAction.QUEUE:
                self._require("to_queue", _("Choose the queue in which callers wait."))
                if cleaned.get("to_queue") and cleaned["to_queue"].pk == self.instance.queue_id:
                    self.add_error("to_queue", _("Choose another queue than this one."))
            case OutcomeAction.NUMBER:
                self._require("to_number", _("Enter the phone number that is called."))
            case OutcomeAction.NODE:
                self._require("to_node", _("Choose the node that callers hear."))
            case OutcomeAction.MESSAGE if not cleaned.get("greeting"):
                self._require("message", _("Enter the text that callers hear, or choose a greeting file."))
        return cleaned

    def _forget_targets_of_others(self, action: str) -> None:
        """Also what is wrong with them: nobody sees them."""
        for name in (name for other, names in TARGETS.items() if other != action for name in names):
            is_row = isinstance(self.fields[name], forms.ModelChoiceField)
            self.cleaned_data[name] = None if is_row else ""
            self.errors.pop(name, None)

    def _require(self, name: str, message: Any) -> None:
        if name not in self.errors and not self.cleaned_data.get(name):
            self.add_error(name, message)


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
