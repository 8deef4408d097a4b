"""The forms of the tree page. They check and fill rows; `ivr.services` stores them."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from common.validation import phone_digits
from ivr.addresses import audio_address
from ivr.models import DEFAULT_VOICE, GreetingFile, IvrKeyPress, IvrNode, IvrTree, Key, KeyAction, PlayMode

NEW_NODE = "new"  # beside the nodes of the tree, in the choice of the next node

# The names that copied configurations use (Source: docs/compatibility.md, "Voices"). An engine without a voice of that
# name speaks with its own.
VOICES = (
    DEFAULT_VOICE,
    "hn_male_xuantin_vdts_48k-hsmm",
    "sg_female_xuanhong_vdts_48k-hsmm",
    "sg_male_xuankien_vdts_48k-hsmm",
    "female",
    "male",
    "hatieumai",
    "ngoclam",
    "banmai",
    "leminh",
    "myan",
    "lannhi",
)


class TreeForm(forms.ModelForm):  # type: ignore[type-arg]
    """The name of a tree."""

    class Meta:
        model = IvrTree
        fields = ("tree_name",)
        widgets: ClassVar = {"tree_name": UnfoldAdminTextInputWidget()}


class RowForm(forms.ModelForm):  # type: ignore[type-arg]
    """A form of a node or key that notices when somebody else changes the row while it is open.

    `version` is when the row had last been changed at that time; a form that is shown again has the present one, so
    that saving a second time is a decision.
    """

    version = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, instance: IvrNode | IvrKeyPress) -> None:
        super().__init__(data, instance=instance, auto_id="ivr-%s")
        self.fields["version"].initial = self._version()

    def _version(self) -> str:
        return self.instance.updated_at.isoformat() if self.instance.pk else ""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.instance.pk and cleaned.get("version") != self._version():
            self.data = {**self.data.dict(), "version": self._version()}  # type: ignore[attr-defined]
            text = _(
                "This was changed after you opened it. Save again to put your values in place of the present ones."
            )
            self.add_error(None, ValidationError(text, code="changed_meanwhile"))
        return cleaned


class GreetingSelect(UnfoldAdminSelectWidget):
    """A choice of greeting files in which every choice knows where it can be listened to."""

    def create_option(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option: dict[str, Any] = super().create_option(*args, **kwargs)
        greeting = getattr(option["value"], "instance", None)
        if isinstance(greeting, GreetingFile):
            option["attrs"]["data-audio"] = audio_address(greeting)
        return option


class NodeForm(RowForm):
    """A node of one tree."""

    # Shown only when there is something unusual in them, or when asked for.
    MORE = ("loop_count", "sched", "barge_in", "keypress_timeout", "voice", "speed")

    class Meta:
        model = IvrNode
        fields = (
            "node_name",
            "node_play_mode",
            "node_play_content",
            "greeting_file",
            "loop_count",
            "sched",
            "barge_in",
            "keypress_timeout",
            "voice",
            "speed",
        )
        widgets: ClassVar = {
            "node_name": UnfoldAdminTextInputWidget(),
            "node_play_mode": UnfoldAdminSelectWidget(),
            "node_play_content": UnfoldAdminTextareaWidget(attrs={"rows": 4}),
            "greeting_file": GreetingSelect(),
            "loop_count": UnfoldAdminIntegerFieldWidget(),
            "sched": UnfoldAdminIntegerFieldWidget(),
            "barge_in": UnfoldBooleanSwitchWidget(),
            "keypress_timeout": UnfoldAdminIntegerFieldWidget(),
            "speed": UnfoldAdminIntegerFieldWidget(),
        }

    def __init__(self, data: Any = None, *, instance: IvrNode) -> None:
        super().__init__(data, instance=instance)
        greetings = GreetingFile.objects.filter(project_id=instance.project_id).order_by("desc1", "original_name", "pk")
        self.fields["greeting_file"].queryset = greetings  # type: ignore[attr-defined]
        self.fields["voice"] = forms.ChoiceField(
            label=self.fields["voice"].label,
            choices=[(voice, voice) for voice in dict.fromkeys([*VOICES, instance.voice])],
            widget=UnfoldAdminSelectWidget(),
        )
        self.fields["speed"].help_text = gettext_lazy("From -3 (slow) to 3 (fast).")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("node_play_mode") == PlayMode.PLAY:
            if not cleaned.get("greeting_file") and "greeting_file" not in self.errors:
                self.add_error("greeting_file", _("Choose the greeting file that callers hear."))
        elif not cleaned.get("node_play_content", "").strip() and "node_play_content" not in self.errors:
            self.add_error("node_play_content", _("Enter the text that callers hear."))
        return cleaned

    @property
    def is_more_open(self) -> bool:
        """Whether something in the rarely used part needs to be seen."""
        return any(name in self.errors for name in self.MORE)


class KeyForm(RowForm):
    """A key of a node. Its next node may be a new one, which is described in the same form."""

    next_node_id = forms.ChoiceField(label=gettext_lazy("Next node"), required=False, widget=UnfoldAdminSelectWidget())
    new_node_name = forms.CharField(
        label=gettext_lazy("Name of the new node"),
        required=False,
        max_length=200,
        widget=UnfoldAdminTextInputWidget(),
    )
    new_node_text = forms.CharField(
        label=gettext_lazy("Text to speak there"),
        required=False,
        max_length=IvrNode._meta.get_field("node_play_content").max_length,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
    )

    class Meta:
        model = IvrKeyPress
        fields = ("node_key", "action", "queue", "to_phone_number", "from_number_callout_to_agent", "sms")
        widgets: ClassVar = {
            "node_key": UnfoldAdminSelectWidget(),
            "action": UnfoldAdminSelectWidget(),
            "queue": UnfoldAdminSelectWidget(),
            "to_phone_number": UnfoldAdminTextInputWidget(attrs={"inputmode": "tel"}),
            "sms": UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        }

    def __init__(self, data: Any = None, *, instance: IvrKeyPress) -> None:
        super().__init__(data, instance=instance)
        self.node, self.tree = instance.node, instance.node.tree
        self.fields["node_key"].choices = self._free_keys()  # type: ignore[attr-defined]
        queues = self.tree.project.queue_set.order_by("name", "pk")
        self.fields["queue"].queryset = queues  # type: ignore[attr-defined]
        self.fields["from_number_callout_to_agent"] = forms.ChoiceField(
            label=self.fields["from_number_callout_to_agent"].label,
            choices=self._caller_ids(),
            required=False,
            widget=UnfoldAdminSelectWidget(),
        )
        self.nodes = {node.public_id: node for node in self.tree.nodes.order_by("node_name", "pk")}
        self.fields["next_node_id"].choices = [  # type: ignore[attr-defined]
            ("", "---------"),
            *((public_id, node.node_name) for public_id, node in self.nodes.items()),
            (NEW_NODE, _("New node…")),
        ]
        self.fields["next_node_id"].initial = instance.next_node.public_id if instance.next_node else ""

    @property
    def has_queues(self) -> bool:
        return self.tree.project.queue_set.exists()

    def _free_keys(self) -> list[tuple[str, str]]:
        taken = set(self.node.keys.exclude(pk=self.instance.pk).values_list("node_key", flat=True))
        return [(key.value, str(key.label)) for key in Key if key.value not in taken]

    def _caller_ids(self) -> list[tuple[str, str]]:
        """Our numbers, and whatever is set now."""
        ours = list(self.tree.project.number_set.order_by("digits").values_list("number", flat=True))
        set_now = self.instance.from_number_callout_to_agent
        numbers = dict.fromkeys([*ours, set_now] if set_now else ours)
        return [("", "---------"), *((number, number) for number in numbers)]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        match cleaned.get("action"):
            case KeyAction.QUEUE:
                self._require("queue", _("Choose the queue in which callers wait."))
            case KeyAction.FORWARD:
                self._require("to_phone_number", _("Enter the phone number that is called."))
                self._require("from_number_callout_to_agent", _("Choose the number that is shown to who is called."))
                self._check_phone_number(cleaned.get("to_phone_number", ""))
            case KeyAction.NODE:
                self._require("next_node_id", _("Choose the node that comes next."))
                if cleaned.get("next_node_id") == NEW_NODE:
                    self._require("new_node_name", _("Give the new node a name."))
            case KeyAction.SMS:
                self._require("sms", _("Enter the text of the SMS."))
        return cleaned

    def _require(self, name: str, message: str) -> None:
        value = self.cleaned_data.get(name)
        if name not in self.errors and not (value.strip() if isinstance(value, str) else value):
            self.add_error(name, message)

    def _check_phone_number(self, text: str) -> None:
        if "to_phone_number" in self.errors:
            return
        try:
            phone_digits(text, self.tree.project.country)
        except ValidationError as error:
            self.add_error("to_phone_number", error)

    def filled_key(self) -> IvrKeyPress:
        """The key with the values of the valid form, not stored."""
        key: IvrKeyPress = self.save(commit=False)
        key.next_node = self.nodes.get(self.cleaned_data["next_node_id"])
        return key

    def new_node(self) -> IvrNode | None:
        """The node that is to be created with the key; None when it leads to something that is there."""
        if self.cleaned_data["action"] != KeyAction.NODE or self.cleaned_data["next_node_id"] != NEW_NODE:
            return None
        return IvrNode(
            project_id=self.tree.project_id,
            tree=self.tree,
            node_name=self.cleaned_data["new_node_name"],
            node_play_content=self.cleaned_data["new_node_text"],
        )
