"""Forms of agents, groups and SIP accounts."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminPasswordToggleWidget, UnfoldAdminSelectWidget, UnfoldBooleanSwitchWidget

from agents import services
from agents.domain import AVAILABLE
from agents.models import Agent, Group, RoutingType, SipAccount
from agents.widgets import PickManyField
from projects.console import ProjectForm
from projects.forms import TextWithSuggestions

MANUAL_STATUSES = (AVAILABLE, "NOT AVAILABLE", "LUNCH BREAK", "SHORT BREAK", "INVISIBLE")
MIN_SIP_PASSWORD_LENGTH = 8  # registrations can be guessed at from anywhere, and guessed ones call abroad


def manual_status_widget() -> TextWithSuggestions:
    """A free text that offers the usual words."""
    return TextWithSuggestions(lambda: MANUAL_STATUSES)


def cleaned_manual_status(text: str | None) -> str | None:
    """The status as it is compared: people may write `available`, calls need AVAILABLE."""
    status = (text or "").strip()
    return (AVAILABLE if status.upper() == AVAILABLE else status) or None


def new_sip_password(**kwargs: Any) -> forms.CharField:
    """A field for a password that is chosen here and never shown again."""
    return forms.CharField(
        min_length=MIN_SIP_PASSWORD_LENGTH,
        max_length=128,
        strip=False,
        widget=UnfoldAdminPasswordToggleWidget(attrs={"autocomplete": "new-password"}),
        **kwargs,
    )


class AgentForm(ProjectForm):
    """An agent with groups and SIP phone account."""

    groups = PickManyField(Group.objects.none(), label=_("Groups"))
    create_sip = forms.BooleanField(
        label=_("Create SIP phone account"),
        required=False,
        widget=UnfoldBooleanSwitchWidget(),
        help_text=_(
            "For a desk phone or a SIP program. The user name is made of the project's number and the user ID."
        ),
    )
    sip_password = new_sip_password(
        label=_("SIP phone password"), required=False, help_text=_("At least 8 characters. It is not shown again.")
    )
    remove_sip = forms.BooleanField(
        label=_("Remove the SIP phone account"), required=False, widget=UnfoldBooleanSwitchWidget()
    )

    class Meta:
        model = Agent
        fields: ClassVar = "__all__"
        widgets: ClassVar = {"manual_status": manual_status_widget()}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "groups" in self.fields:
            groups = Group.objects.filter(project=self.project).order_by("name")
            self.fields["groups"].queryset = groups  # type: ignore[attr-defined]
            if self.instance.pk:
                self.initial["groups"] = list(groups.filter(agents=self.instance).values_list("pk", flat=True))

    def clean_manual_status(self) -> str | None:
        return cleaned_manual_status(self.cleaned_data["manual_status"])

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or self.cleaned_data
        phone_is_missing = not cleaned.get("phone_number") and "phone_number" not in self.errors
        if cleaned.get("routing_type") == RoutingType.PHONE and phone_is_missing:
            self.add_error("phone_number", _("Write the phone number on which this agent takes calls."))
        self._check_sip(cleaned)
        return cleaned

    def _check_sip(self, cleaned: dict[str, Any]) -> None:
        wants, password = cleaned.get("create_sip"), cleaned.get("sip_password")
        if wants and not password and "sip_password" not in self.errors:
            self.add_error("sip_password", _("Choose a password for the SIP phone account."))
        if password and cleaned.get("remove_sip"):
            self.add_error("remove_sip", _("Either give a new password or remove the account."))
        if password and not wants and "create_sip" in self.fields:
            self.add_error("create_sip", _("Switch this on to create an account with the password."))
        user_id = cleaned.get("stringee_user_id", "")
        if wants and user_id:
            self._check_login(user_id)

    def _check_login(self, user_id: str) -> None:
        if set(user_id) & set("@:"):
            self.add_error("stringee_user_id", _("For a SIP phone account the user ID must not contain @ or :."))
        elif services.sip_login_is_taken(self.project.pk, user_id):
            self.add_error("create_sip", _("Another SIP account with this user name is there already."))


class GroupForm(ProjectForm):
    """A group and its members."""

    members = PickManyField(Agent.objects.none(), label=_("Members"), second_line="stringee_user_id")

    class Meta:
        model = Group
        fields: ClassVar = ("name",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "members" in self.fields:
            agents = Agent.objects.filter(project=self.project).order_by("name", "stringee_user_id")
            self.fields["members"].queryset = agents  # type: ignore[attr-defined]
            if self.instance.pk:
                self.initial["members"] = list(agents.filter(groups=self.instance).values_list("pk", flat=True))


class SipAccountForm(ProjectForm):
    """A SIP account. Its password is write-only."""

    new_password = new_sip_password(label=_("Password"), required=False)
    stringee_user_id = forms.ChoiceField(
        label=_("Agent"),
        required=False,
        widget=UnfoldAdminSelectWidget(),
        help_text=_("The agent whose calls ring on this phone."),
    )

    class Meta:
        model = SipAccount
        fields: ClassVar = ("user_name", "extension", "stringee_user_id")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "stringee_user_id" in self.fields:
            self.fields["stringee_user_id"].choices = self._agents()  # type: ignore[attr-defined]
        if "new_password" in self.fields:
            known = self.instance.pk is not None
            self.fields["new_password"].required = not known
            self.fields["new_password"].help_text = (
                _("A password is set. Write a new one to change it; it is never shown.")
                if known
                else _("At least 8 characters. It is not shown again.")
            )

    def _agents(self) -> list[tuple[str, Any]]:
        agents = Agent.objects.filter(project=self.project).order_by("name", "stringee_user_id")
        choices: list[tuple[str, Any]] = [("", _("Nobody"))]
        choices += [
            (user_id, f"{name} · {user_id}") for user_id, name in agents.values_list("stringee_user_id", "name")
        ]
        present = self.instance.stringee_user_id
        if present and present not in dict(choices):
            choices.append((present, present))  # programs may name an agent that does not exist yet
        return choices


class ManualStatusForm(forms.Form):
    manual_status = forms.CharField(
        label=_("Manual status"),
        max_length=64,
        required=False,
        widget=manual_status_widget(),
        help_text=_("Only AVAILABLE lets calls through. Empty: as if it had never been set."),
    )

    def clean_manual_status(self) -> str | None:
        return cleaned_manual_status(self.cleaned_data["manual_status"])


class ChooseGroupForm(forms.Form):
    group = forms.ModelChoiceField(Group.objects.order_by("name"), label=_("Group"), widget=UnfoldAdminSelectWidget())


class RoutingTypeForm(forms.Form):
    routing_type = forms.TypedChoiceField(
        label=_("Takes calls on"), choices=RoutingType.choices, coerce=int, widget=UnfoldAdminSelectWidget()
    )
