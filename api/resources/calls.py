"""Calls that run: begun, moved and ended by programs (Source: rest-api.md §16-17, call-control-api.md §2-3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from django.http import HttpResponse
from rest_framework.request import Request

from api.call_fields import EXTERNAL, INTERNAL, QUEUE, ActionsField, DestinationField, OfCall, PartyField, Wanted
from api.fields import Choice, PhoneText, Text, UrlText
from api.schema import TEXT, Description, object_schema
from api.serializers import Parsed
from api.views import ApiView
from callflow import refusals, requests
from callflow.domain.call import Party, TransferKind
from calls.models import CUSTOM_DATA_MAX_LENGTH, PHONE_MAX_LENGTH
from common.refusals import InvalidInput, Refusal

_DIGITS = re.compile(r"[0-9]{3,15}")
_ID_KEYS: Mapping[str, Any] = {"callId": TEXT, "call_id": TEXT}


class CallDoor(ApiView):
    """An address to which programs post one wish."""

    collection: ClassVar[Mapping[str, str]] = {"post": "create"}
    summary: ClassVar[str]
    body: ClassVar[type[Parsed]]
    reply_keys: ClassVar[Mapping[str, Any]] = _ID_KEYS

    def describe(self, action: str) -> Description:
        return Description(self.summary, self.reply_keys, body=self.body())

    def about(self, message: str, call_id: str) -> HttpResponse:
        return self.success(message, callId=call_id, call_id=call_id)


# ── An agent first, then a customer ──────────────────────────────────────────────────────────────────────────────────
class CalloutBody(Parsed):
    agentUserId = Text(max_length=PHONE_MAX_LENGTH)  # noqa: N815
    toAgentFromNumberDisplay = Text(max_length=PHONE_MAX_LENGTH, help_text="What the agent's device shows.")  # noqa: N815
    toAgentFromNumberDisplayAlias = Text(  # noqa: N815
        required=False, max_length=PHONE_MAX_LENGTH, help_text="Comes back as from.alias in events."
    )
    toCustomerFromNumber = PhoneText(max_length=32, help_text="A number of the project.")  # noqa: N815
    customerNumber = PhoneText(max_length=32)  # noqa: N815
    device = Text(required=False, max_length=32, help_text="`ipphone`: ring the desk phone only.")


class Callout(CallDoor):
    path = "call/callout"
    summary = "Call: an agent first, then a customer"
    body = CalloutBody

    def create(self, request: Request) -> HttpResponse:
        wanted = self.parse(self.body)
        call_id = requests.call_out(
            self.project.pk,
            wanted["agentUserId"],
            display=Party(wanted["toAgentFromNumberDisplay"], wanted.get("toAgentFromNumberDisplayAlias", "")),
            caller_id=wanted["toCustomerFromNumber"],
            customer=wanted["customerNumber"],
            device=wanted.get("device", ""),
        )
        return self.about("success", call_id)


# ── A call that follows a program ────────────────────────────────────────────────────────────────────────────────────
class ProgramCallBody(Parsed):
    to = DestinationField(help_text="Exactly one.")
    answer_url = UrlText(required=False, help_text="Asked for an SCCO when the party has answered.")
    actions = ActionsField(required=False, help_text="An SCCO; goes before answer_url.")
    event_url = UrlText(required=False, help_text="Told about this call, beside the project's.")
    customData = Text(required=False, max_length=CUSTOM_DATA_MAX_LENGTH)  # noqa: N815

    def get_fields(self) -> dict[str, Any]:
        return {
            "from": PartyField(source="from_", help_text="A number of the project, digits only."),
            **super().get_fields(),
        }

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not (attrs.get("answer_url") or attrs.get("actions")):
            raise InvalidInput("answer_url or actions is required.")
        return attrs


class ProgramCall(CallDoor):
    path = "call2/callout"
    summary = "Call: somebody, who then hears a program"
    body = ProgramCallBody

    def create(self, request: Request) -> HttpResponse:
        wanted = self.parse(self.body)
        from_, to = wanted["from_"].party, wanted["to"].party
        for party, internal in ((from_, False), (to, to.internal)):
            if not internal and not _DIGITS.fullmatch(party.number):
                raise refusals.NumberFormat
        call_id = requests.dial_out(
            self.project.pk,
            from_,
            to,
            program=wanted.get("actions"),
            answer_url="" if wanted.get("actions") else wanted["answer_url"],
            event_url=wanted.get("event_url", ""),
            custom_data=wanted.get("customData", ""),
        )
        return self.about("Success", call_id)


class ActionsBody(OfCall):
    actions = ActionsField()


class PutActions(CallDoor):
    path = "call2/putactions"
    summary = "Call: replace what is left of its program"
    body = ActionsBody

    def create(self, request: Request) -> HttpResponse:
        wanted = self.parse(self.body)
        requests.put_actions(self.project.pk, wanted["callId"], wanted["actions"])
        return self.about("Success", wanted["callId"])


# ── Ending and moving ────────────────────────────────────────────────────────────────────────────────────────────────
class StoppedAlready(Refusal):
    """Clients know 1 for it (Source: call-control-api.md §3)."""

    code = 1


class NothingToStop(Refusal):
    """Clients know 2 for it."""

    code = 2


class Stop(CallDoor):
    path = "call2/stop"
    summary = "Call: end it"
    body = OfCall

    def create(self, request: Request) -> HttpResponse:
        call_id = self.parse(self.body)["callId"]
        try:
            requests.stop(self.project.pk, call_id)
        except refusals.CallEnded as refusal:
            raise StoppedAlready(refusal.message) from refusal
        except refusals.CallNotFound as refusal:
            raise NothingToStop(refusal.message) from refusal
        return self.about("Success", call_id)


class TransferBody(OfCall):
    to = PartyField(kinds=(INTERNAL, EXTERNAL, QUEUE), help_text="`queue`, of our own: `number` is a queue's id.")
    transferType = Choice(choices=[each.value for each in TransferKind], required=False)  # noqa: N815


class Transfer(CallDoor):
    path = "call/transfer"
    summary = "Call: hand the customer on"
    body = TransferBody
    reply_keys: ClassVar = {**_ID_KEYS, "data": object_schema({})}

    def create(self, request: Request) -> HttpResponse:
        wanted = self.parse(self.body)
        kind = TransferKind(wanted.get("transferType") or TransferKind.BLIND)
        _transfer(self.project.pk, wanted["callId"], wanted["to"], kind)
        return self.success("", data={}, callId=wanted["callId"], call_id=wanted["callId"])


class LegTransferBody(OfCall):
    fromUserId = Text(required=False, max_length=PHONE_MAX_LENGTH, help_text="The user whose part ends.")  # noqa: N815
    to = PartyField(kinds=(INTERNAL, EXTERNAL, QUEUE))


class LegTransfer(CallDoor):
    path = "call2/transfer"
    summary = "Call: put somebody else in a user's place"
    body = LegTransferBody

    def create(self, request: Request) -> HttpResponse:
        wanted = self.parse(self.body)
        by_user = wanted.get("fromUserId", "")
        _transfer(self.project.pk, wanted["callId"], wanted["to"], TransferKind.BLIND, by_user=by_user)
        return self.about("Success", wanted["callId"])


def _transfer(project_id: int, call_id: str, to: Wanted, kind: TransferKind, *, by_user: str = "") -> None:
    if to.kind == QUEUE:
        requests.transfer_to_queue(project_id, call_id, to.party.number, by_user=by_user)
    else:
        requests.transfer(project_id, call_id, to.party, kind, by_user=by_user)
