"""Forms of the pages on projects, keys, members and users."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from common.validation import validate_web_address
from projects import places, selectors, services
from projects.console import ProjectForm
from projects.models import HANDLED_HERE_URLS, CallSettings, Member, Project, Role, User, validate_time_zone


class TextWithSuggestions(UnfoldAdminTextInputWidget):
    """A text field that offers what it knows as you type; the browser does the searching."""

    template_name = "console/text_with_suggestions.html"

    def __init__(self, suggestions: Any) -> None:
        super().__init__()
        self.suggestions = suggestions

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(name, value, attrs)
        context["list_id"] = f"{context['widget']['attrs'].get('id', name)}-suggestions"
        context["suggestions"] = self.suggestions()
        return context


class ProjectSettingsForm(forms.ModelForm):  # type: ignore[type-arg]
    """Name, time zone and country of a project, and the two addresses that copied settings bring along."""

    time_zone = forms.CharField(
        label=gettext_lazy("Time zone"),
        widget=TextWithSuggestions(places.time_zones),
        help_text=gettext_lazy("Type a city, e.g. Ho Chi Minh. Business hours are read in this time zone."),
    )
    country = forms.ChoiceField(
        label=gettext_lazy("Country"),
        choices=places.countries,
        widget=UnfoldAdminSelectWidget(),
        help_text=gettext_lazy("Numbers typed without a country code are read as numbers of this country."),
    )

    class Meta:
        model = Project
        fields = ("account", "name", "time_zone", "country", "answer_url", "event_url")

    def clean_name(self) -> str:
        """The account is not always among the fields, so Django would not look for twins within it."""
        name: str = self.cleaned_data["name"]
        twins = Project.objects.filter(account_id=self.instance.account_id, name=name).exclude(pk=self.instance.pk)
        if self.instance.account_id and twins.exists():
            raise ValidationError(_("This account has a project of that name already."))
        return name

    def clean_time_zone(self) -> str:
        """Accept the city alone, as people type it."""
        name = places.time_zone_named(self.cleaned_data["time_zone"])
        validate_time_zone(name)
        return name

    def clean_answer_url(self) -> str:
        return _web_address_or_marker(self.cleaned_data["answer_url"])

    def clean_event_url(self) -> str:
        return _web_address_or_marker(self.cleaned_data["event_url"])


def _web_address_or_marker(address: str) -> str:
    if address and address not in HANDLED_HERE_URLS:
        validate_web_address(address)
    return address


class CallSettingsForm(ProjectForm):
    """A project's webhooks and limits."""

    class Meta:
        model = CallSettings
        fields = (
            "event_url",
            "get_customer_info_url",
            "get_customer_info_timeout",
            "callout_answer_url",
            "sms_gateway_url",
            "missed_calls_limit",
            "outbound_prefixes",
            "outbound_concurrency",
            "outbound_per_minute",
            "outbound_max_duration_s",
            "recording_retention_days",
        )

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        for name in ("event_url", "get_customer_info_url", "callout_answer_url"):
            if address := self.cleaned_data.get(name):
                try:
                    validate_web_address(address)
                except ValidationError as error:
                    self.add_error(name, error)
        return cleaned


class ChangeMemberForm(ProjectForm):
    """A member's role; the last owner stays one."""

    class Meta:
        model = Member
        fields = ("role",)

    def clean_role(self) -> str:
        role = str(self.cleaned_data["role"])
        if role != Role.OWNER and selectors.is_last_owner(self.instance):
            raise ValidationError(services.LastOwner().message)
        return role


class AddMemberForm(ProjectForm):
    """Finds a user by name or e-mail address; people are not listed to those who don't know them."""

    who = forms.CharField(
        label=gettext_lazy("User name or e-mail address"),
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "autocapitalize": "none"}),
        help_text=gettext_lazy("The person must have an account on this console; an operator creates accounts."),
    )

    class Meta:
        model = Member
        fields = ("role",)

    def clean_who(self) -> str:
        text = self.cleaned_data["who"].strip()
        found = list(User.objects.filter(Q(username=text) | Q(email__iexact=text), is_active=True)[:2])
        if len(found) > 1:
            raise ValidationError(_("Several users have this e-mail address. Write the user name."))
        if not found:
            raise ValidationError(_("There is no user with this name or e-mail address."))
        if Member.objects.filter(project=self.project, user=found[0]).exists():
            raise ValidationError(_("%(user)s is a member of this project already.") % {"user": found[0]})
        self.instance.user = found[0]
        return str(text)
