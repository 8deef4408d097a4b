"""Guests in calls that run: third persons, and supervisors who listen and whisper (Source: call-control-api.md §3)."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from api.call_fields import OfCall, PartyField
from api.fields import Flag, Text
from api.resources.calls import CallDoor
from callflow import requests
from calls.models import PHONE_MAX_LENGTH
from telephony.port import Part


class AddUserBody(OfCall):
    to = PartyField(help_text="A user or a telephone; nobody who is in the call.")
    spyCall = Flag(  # noqa: N815
        required=False, help_text="Listens to the call and is heard by nobody; whoever whispers already listens again."
    )

    def get_fields(self) -> dict[str, Any]:
        shown = PartyField(
            required=False,
            source="from_",
            help_text="Who calls, as `to` sees it; on telephones a number of the project.",
        )
        return {"from": shown, **super().get_fields()}


class AddUser(CallDoor):
    path = "call2/adduser"
    summary = "Call: let somebody talk along, or listen"
    body = AddUserBody

    def create(self, request: Request) -> HttpResponse:
        wanted = self.parse(self.body)
        call_id, to = wanted["callId"], wanted["to"].party
        if wanted.get("spyCall"):
            requests.supervise(self.project.pk, call_id, to, Part.LISTEN)
        else:
            shown = wanted["from_"].party if "from_" in wanted else None
            requests.add_person(self.project.pk, call_id, to, shown=shown)
        return self.about("Success", call_id)


class WhisperBody(OfCall):
    userId = Text(max_length=PHONE_MAX_LENGTH, help_text="Who talks with the customer.")  # noqa: N815


class Whisper(CallDoor):
    path = "call2/whisper"
    summary = "Call: let those who listen be heard by its agent alone"
    body = WhisperBody

    def create(self, request: Request) -> HttpResponse:
        wanted = self.parse(self.body)
        requests.whisper(self.project.pk, wanted["callId"], wanted["userId"])
        return self.about("OK", wanted["callId"])
