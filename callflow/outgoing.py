"""What decisions want done outside of calls: written in their transaction, set off when it has been committed."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from django.db import transaction

from agents import activity
from callflow import doorbell
from callflow.domain.call import Call, Party
from callflow.domain.dialling import SIP_TEXTS
from callflow.domain.effects import (
    AgentAnswered,
    AgentCalledOut,
    AgentEffect,
    AgentMissed,
    AgentReleased,
    Ask,
    Effect,
    Publish,
    Purpose,
    RecordingBegun,
    RecordingStored,
    RingDoorbell,
    SendSms,
)
from callflow.live_config import LiveConfig
from callflow.store import Loaded
from calls import recordings
from calls.domain import Cause, Direction
from calls.models import Recording
from common.clock import epoch_ms
from telephony import outbox
from telephony.port import Command
from webhooks import payloads, services
from webhooks.models import EventKind
from webhooks.models import Purpose as QuestionPurpose

ENDED_BY_USER = "USER_END_CALL"  # Source: webhooks.md §7.3, endCallCause
TALKED_TOO_LONG = "MAX_CONNECT_TIME"


@dataclass(slots=True)
class Outgoing:
    """Collects the effects of one transaction. `send` arranges for what must happen after the commit."""

    now: dt.datetime
    config: LiveConfig  # of the project that the calls are in
    commands: dict[tuple[str, int, str], list[Command]] = field(default_factory=lambda: defaultdict(list))
    rings: set[int] = field(default_factory=set)  # projects whose dispatch must look
    deliveries: list[int] = field(default_factory=list)
    questions: list[UUID] = field(default_factory=list)
    messages: list[UUID] = field(default_factory=list)
    to_finish: bool = False  # a recording waits for a worker

    def take(self, loaded: Loaded, effects: tuple[Effect, ...]) -> None:
        """Do the effects of a decision about a call, as far as rows go.

        Locks: the agents concerned, after the call's row, in the order in which the decision names them.
        """
        for effect in effects:
            match effect:
                case Ask():
                    self._ask(loaded, effect)
                case Publish():
                    self._publish(loaded, effect)
                case SendSms(to, from_, text):
                    sms = services.put_sms(
                        loaded.row.project_id, to, text, now=self.now, from_number=from_, call_id=loaded.row.pk
                    )
                    self.messages.append(sms.pk)
                case RecordingBegun():
                    recordings.begin(
                        loaded.row,
                        effect.recording,
                        self.now,
                        voicemail=effect.voicemail,
                        queue_id=effect.queue,
                        form=effect.format,
                        event_url=effect.event_url,
                    )
                case RecordingStored():
                    self._recording_stored(loaded, effect)
                case AgentMissed() | AgentAnswered() | AgentCalledOut() | AgentReleased():
                    self.rings |= _agent_moves(effect, loaded.call.id, self.now).rings
                case RingDoorbell():
                    self.rings.add(loaded.row.project_id)
                case _:
                    self.commands[loaded.row.node, loaded.row.project_id, loaded.call.id].append(effect)

    def send(self) -> None:
        """Write the engines' commands, and set everything off after the commit. A lost hint costs a second."""
        for (node, project_id, call_id), commands in self.commands.items():
            outbox.put(node, project_id, call_id, commands)
        nodes = {node for node, _, _ in self.commands}
        self.commands = defaultdict(list)
        if nodes:
            transaction.on_commit(lambda: outbox.ring(nodes))
        for hint, keys in self._hints():
            for key in keys:
                transaction.on_commit(_later(hint, key))
        if self.to_finish:
            transaction.on_commit(doorbell.finish_recordings)

    def _hints(self) -> list[tuple[Callable[[Any], None], Any]]:
        return [
            (doorbell.ring, sorted(self.rings)),
            (doorbell.ask, self.questions),
            (doorbell.deliver, self.deliveries),
            (doorbell.send_sms, self.messages),
        ]

    # ── Customers' servers ───────────────────────────────────────────────────────────────────────────────────────
    def _ask(self, loaded: Loaded, ask: Ask) -> None:
        query, body = _request_of(loaded.call, ask, self.now)
        question = services.put_question(
            loaded.row.project_id,
            QuestionPurpose(ask.purpose),
            ask.url,
            now=self.now,
            deadline_at=self.now + dt.timedelta(seconds=ask.timeout_s),
            query=query,
            body=body,
            call_id=loaded.row.pk,
            question_id=UUID(ask.question),
        )
        self.questions.append(question.pk)

    def _publish(self, loaded: Loaded, publish: Publish) -> None:
        urls = self._urls(loaded.row.event_url)
        if not urls:
            return
        body = payloads.call_event(_event(loaded.call, publish, self.config, self.now))
        for url in urls:
            owed = services.owe_event(
                loaded.row.project_id, url, body, now=self.now, call_id=loaded.row.pk, serial=publish.serial
            )
            if owed is not None:
                self.deliveries.append(owed.pk)

    def _recording_stored(self, loaded: Loaded, stored: RecordingStored) -> None:
        recording = recordings.finish(stored.recording, stored.file, stored.size_bytes, stored.duration_ms, self.now)
        if recording is None or not recording.file:
            return
        if recordings.is_raw(recording.file):
            self.to_finish = True
        else:
            self.tell_recording(loaded, recording)

    def tell_recording(self, loaded: Loaded, recording: Recording) -> None:
        """Owe customers' servers the news that a recording can be fetched."""
        notice = payloads.RecordingNotice(
            recording_url=recordings.address_of(recording),
            call_id=loaded.call.id,
            project_id=loaded.row.project_id,
            started_ms=epoch_ms(recording.started_at),
            ended_ms=epoch_ms(recording.ended_at),
            from_number=loaded.call.from_.number,
            to_number=loaded.call.to.number,
        )
        kind = EventKind.VOICEMAIL if recording.is_voicemail else EventKind.RECORDING
        for url in self._urls(loaded.row.event_url, recording.event_url):
            owed = services.owe_event(
                loaded.row.project_id,
                url,
                payloads.recording_notice(notice),
                now=self.now,
                call_id=loaded.row.pk,
                serial=loaded.call.serial,
                kind=kind,
            )
            if owed is not None:
                self.deliveries.append(owed.pk)

    def _urls(self, *more: str) -> list[str]:
        """Where events go: to the project's URL, and to those of the call's own."""
        return [url for url in dict.fromkeys((self.config.call_settings.event_url, *more)) if url]


def _later(hint: Callable[[Any], None], key: Any) -> Callable[[], None]:
    return lambda: hint(key)


def _agent_moves(effect: AgentEffect, call_id: str, now: dt.datetime) -> activity.Moved:
    """Change an agent as a decision says. One who is elsewhere by now stays as he is."""
    match effect:
        case AgentMissed(agent, how):
            return activity.offer_missed(agent.id, call_id, how, now)
        case AgentAnswered(agent):
            return activity.answered(agent.id, call_id, now)
        case AgentCalledOut(agent):
            return activity.called_out(agent.id, call_id, now)
        case AgentReleased(agent, wrap_up_s, of_queue):
            return activity.released(agent.id, call_id, now, wrap_up_s=wrap_up_s, of_queue=of_queue)


# ── In the customers' shapes ─────────────────────────────────────────────────────────────────────────────────────────
def _request_of(call: Call, ask: Ask, now: dt.datetime) -> tuple[Mapping[str, str] | None, Mapping[str, Any] | None]:
    """Query or body of a question, by its purpose."""
    facts = ask.facts
    match ask.purpose:
        case Purpose.CUSTOMER_INFO:
            return payloads.customer_info_query(call.project_id, call.customer, call.to.number), None
        case Purpose.ANSWER_URL if call.direction is Direction.INBOUND:
            return payloads.phone_call_query(call.id, call.from_.number, call.to.number), None
        case Purpose.ANSWER_URL:
            return payloads.user_call_query(_user_call(call)), None
        case Purpose.CALLOUT_ANSWER_URL:
            return payloads.callout_query(_user_call(call)), None
        case Purpose.INPUT_EVENT:
            keys = payloads.InputEvent(
                epoch_ms(now), facts["digits"], call.id, facts["custom_field"], facts["timed_out"]
            )
            return None, payloads.input_event(keys)
        case Purpose.ON_FAIL:
            failed = payloads.FailedConnection(
                call_id=call.id,
                project_id=call.project_id,
                from_party=_from_party(call),
                to_party=_party(Party(facts["to_number"], facts["to_alias"], facts["to_internal"])),
                started_ms=epoch_ms(call.created_at),
                cause=facts["cause"],
            )
            return None, payloads.on_fail_event(failed)


def _user_call(call: Call) -> payloads.UserCall:
    user = call.request_user_id or (call.agent.user_id if call.agent is not None else "")
    return payloads.UserCall(call.id, call.project_id, user, call.from_.number, call.to.number, call.client_custom_data)


def _party(party: Party) -> payloads.Party:
    kind = payloads.PartyType.INTERNAL if party.internal else payloads.PartyType.EXTERNAL
    return payloads.Party(party.number, party.alias or party.number, kind, is_online=party.internal)


def _from_party(call: Call) -> payloads.Party:
    """Who calls. Receivers tell calls of ours by the type from those that come in (Source: webhooks.md §7.4)."""
    ours = call.direction is not Direction.INBOUND
    return replace(_party(call.from_), type=payloads.PartyType.INTERNAL if ours else payloads.PartyType.EXTERNAL)


def _event(call: Call, publish: Publish, config: LiveConfig, now: dt.datetime) -> payloads.CallEvent:
    actor = publish.actor
    ended = publish.status == payloads.CallStatus.ENDED
    return payloads.CallEvent(
        status=payloads.CallStatus(publish.status),
        call_id=call.id,
        project_id=call.project_id,
        account_sid=config.account_sid,
        at_ms=epoch_ms(now),
        from_party=_from_party(call),
        to_party=_party(publish.to),
        created_reason=call.created_reason,
        request_from_user_id=call.request_user_id,
        client_custom_data=call.client_custom_data,
        custom_data=call.custom_data,
        actor=actor.number if actor is not None else "",
        actor_type=_actor_type(actor),
        queue_id=config.public_id_of(publish.queue),
        ending=_ending(call, publish.cause) if ended else None,
        end_cause="" if ended else _cause_text(publish.cause),
    )


def _actor_type(actor: Party | None) -> payloads.ActorType | None:
    if actor is None:
        return None
    return payloads.ActorType.INTERNAL if actor.internal else payloads.ActorType.EXTERNAL


def _ending(call: Call, cause: str) -> payloads.Ending:
    ended_at = call.ended_at or call.created_at
    talked = ended_at - call.talked_from if call.talked_from is not None else dt.timedelta()
    only_menu = call.connected_at is None and call.entry is None and call.flow.menu is not None
    return payloads.Ending(
        cause=_cause_text(cause),
        ended_by=payloads.ActorType(call.ended_by or payloads.ActorType.INTERNAL),
        call_type=payloads.CallType.IVR if only_menu else payloads.CallType.CALL,
        duration_s=round((ended_at - call.created_at).total_seconds()),
        answer_duration_s=round(talked.total_seconds()),
    )


_CAUSE_TEXTS: dict[str, str] = {
    **SIP_TEXTS,
    **dict.fromkeys((Cause.NORMAL, Cause.CALLER_LEFT, Cause.STOPPED, Cause.MESSAGE_LEFT), ENDED_BY_USER),
    Cause.TALK_LIMIT: TALKED_TOO_LONG,
}


def _cause_text(cause: str) -> str:
    """A cause as receivers know it; ours by its own name (docs/compatibility.md, "Events")."""
    return _CAUSE_TEXTS.get(cause, cause)
