"""Forms that know their project: uniqueness inside it, and telephone numbers, are checked before saving."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import UniqueConstraint
from django.utils.translation import gettext as _

from common.validation import phone_digits
from projects.models import Project


class ProjectForm(forms.ModelForm):  # type: ignore[type-arg]
    """A form of one row of a project. The console sets `project` on the class; it is never taken from the request."""

    project: ClassVar[Project]
    phone_fields: ClassVar[tuple[str, ...]] = ()
    # Columns that a model computes, and the field in which the user sees what is wrong with them.
    computed_from: ClassVar[dict[str, str]] = {"digits": "number"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance._state.adding and hasattr(self.instance, "project_id"):
            self.instance.project = self.project

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        for name in self.phone_fields:
            self._check_phone_number(name)
        return cleaned

    def _check_phone_number(self, name: str) -> None:
        if value := self.cleaned_data.get(name):
            try:
                phone_digits(value, self.project.country)
            except ValidationError as error:
                self.add_error(name, error)

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        for constraint in self._meta.model._meta.constraints:
            if isinstance(constraint, UniqueConstraint) and "project" in constraint.fields:
                self._check_unique_in_project(constraint)

    def _check_unique_in_project(self, constraint: UniqueConstraint) -> None:
        """Django leaves out constraints with columns that are not in the form, which `project` never is."""
        shown = [self.computed_from.get(name, name) for name in constraint.fields if name != "project"]
        if any(name in self.errors for name in shown):
            return
        try:
            constraint.validate(self._meta.model, self.instance)
        except ValidationError as error:
            in_form = [name for name in shown if name in self.fields]
            self.add_error(in_form[0] if in_form else None, self._already_there(constraint) or error)

    def _already_there(self, constraint: UniqueConstraint) -> ValidationError | None:
        if constraint.condition is not None:
            return None
        model = self._meta.model
        values = {name: getattr(self.instance, name) for name in constraint.fields}
        other = model._default_manager.filter(**values).exclude(pk=self.instance.pk).first()
        if other is None:
            return None
        return ValidationError(
            _("This is taken already: %(kind)s “%(row)s”."),
            code="unique_in_project",
            params={"kind": model._meta.verbose_name, "row": other},
        )


def with_project(
    form: type[forms.ModelForm[Any]], project: Project, phone_fields: tuple[str, ...]
) -> type[ProjectForm]:
    """The form for one request: knows its project, whatever it was derived from."""
    bases = (form,) if issubclass(form, ProjectForm) else (ProjectForm, form)
    attributes: dict[str, Any] = {"project": project}
    if phone_fields:
        attributes["phone_fields"] = phone_fields
    return type(form.__name__, bases, attributes)
