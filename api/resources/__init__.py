"""One declaration per resource; `ALL` is what `/v1` offers."""

from __future__ import annotations

from api.resources.agents import AgentResource, GroupResource, MembershipResource
from api.resources.call_guests import AddUser, Whisper
from api.resources.call_log import CallLog
from api.resources.call_settings import CallSettingsResource
from api.resources.calls import Callout, LegTransfer, ProgramCall, PutActions, Stop, Transfer
from api.resources.greetings import GreetingResource
from api.resources.ivr import KeyResource, NodeResource, TreeResource
from api.resources.numbers import BlockedResource, NumberResource
from api.resources.queues import QueueResource, RoutingResource
from api.resources.recordings import RecordingFile, RecordingPlayed
from api.resources.sip_accounts import IpphoneResource, SipphoneResource
from api.resources.users import PushTokens, Users, WrapUps
from api.views import ApiView

ALL: tuple[type[ApiView], ...] = (
    AgentResource,
    GroupResource,
    MembershipResource,
    QueueResource,
    RoutingResource,
    NumberResource,
    BlockedResource,
    TreeResource,
    NodeResource,
    KeyResource,
    GreetingResource,
    CallSettingsResource,
    IpphoneResource,
    SipphoneResource,
    Callout,
    Transfer,
    CallLog,
    RecordingFile,
    RecordingPlayed,
    ProgramCall,
    PutActions,
    Stop,
    LegTransfer,
    AddUser,
    Whisper,
    Users,
    PushTokens,
    WrapUps,
)
