"""A field for picking many of a thousand rows."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from unfold.widgets import CHECKBOX_CLASSES


class PickMany(forms.CheckboxSelectMultiple):
    """A list of checkboxes with a search, the chosen ones first.

    Works with the keyboard (arrows move, Space picks) and, as a plain list of checkboxes, without scripts.
    """

    template_name = "agents/pick_many.html"

    class Media:
        css: ClassVar = {"all": ["agents/pick_many.css"]}
        js: ClassVar = ["agents/pick_many.js"]

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        options = [option for _group, options, _index in context["widget"]["optgroups"] for option in options]
        context["options"] = sorted(options, key=lambda option: not option["selected"])
        context["checkbox_classes"] = " ".join(CHECKBOX_CLASSES)
        return context


class PickManyField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """Rows to pick, each with a second line that tells rows of the same name apart."""

    widget = PickMany

    def __init__(self, *args: Any, second_line: str = "", **kwargs: Any) -> None:
        super().__init__(*args, required=False, **kwargs)
        self.second_line = second_line

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj} · {getattr(obj, self.second_line)}" if self.second_line else str(obj)
