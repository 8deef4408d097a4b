"""The one settings record of a project."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, TypedDict

from django.http import HttpResponse
from rest_framework.request import Request

from api.fields import UrlText, reference_to
from api.schema import Description
from api.serializers import RowBody
from api.views import ApiView
from common.saving import save_row
from projects.models import CallSettings, Project


class CallSettingsRow(TypedDict):
    account: int
    project: int
    get_customer_info_url: str | None
    get_customer_info_timeout: int
    event_url: str | None
    callout_answer_url: str | None


def call_settings_row(settings: CallSettings, project: Project) -> CallSettingsRow:
    return {
        "account": project.account_id,
        "project": project.pk,
        "get_customer_info_url": settings.get_customer_info_url or None,
        "get_customer_info_timeout": settings.get_customer_info_timeout,
        "event_url": settings.event_url or None,
        "callout_answer_url": settings.callout_answer_url or None,
    }


class CallSettingsBody(RowBody):
    get_customer_info_url = UrlText(required=False, help_text="Asked with GET when a call arrives.")
    event_url = UrlText(required=False, help_text="Receives every change of state of every call.")
    callout_answer_url = UrlText(required=False, help_text="Asked before an agent's outbound call goes through.")

    class Meta:
        model = CallSettings
        fields: ClassVar = ["get_customer_info_url", "get_customer_info_timeout", "event_url", "callout_answer_url"]


class CallSettingsResource(ApiView):
    """Read and changed without an id."""

    path = "callsettings"
    collection: ClassVar[Mapping[str, str]] = {"get": "retrieve", "put": "update"}
    body = CallSettingsBody

    def describe(self, action: str) -> Description:
        if action == "retrieve":
            shown = {"callSetting": reference_to(CallSettingsRow.__name__)}
            return Description("Read: call settings", shown, shapes=(CallSettingsRow,))
        return Description("Change: call settings", body=self.body(CallSettings(), partial=True))

    def retrieve(self, request: Request) -> HttpResponse:
        shown = call_settings_row(self.project.call_settings, self.project)
        return self.success("Load call settings success", callSetting=shown)

    def update(self, request: Request) -> HttpResponse:
        with self.changing():
            settings = CallSettings.objects.select_for_update(no_key=True).get(project=self.project)
            for name, value in self.parse(self.body, settings).items():
                setattr(settings, name, value)
            save_row(settings)
        return self.success("Update call settings success")
