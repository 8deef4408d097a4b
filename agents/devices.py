"""Devices through which users are reached: pages and apps, push tokens, registered SIP phones.

Engines say what comes and goes; each change brings the reach of the user's agent up to date in the same transaction.
Lock order: devices, then agents in the order of their keys. Idempotent by (project, kind, device id).
Returns everywhere: projects where an agent may get calls now that he could not get before, for dispatch to look.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Iterable

from django.db import transaction
from django.db.models import QuerySet

from agents.activity import change_reach
from agents.models import WAY_OF, Agent, Device, DeviceKind


def device_up(
    project_id: int,
    user_id: str,
    kind: DeviceKind,
    device_id: str,
    now: dt.datetime,
    *,
    node: str = "",
    expires_at: dt.datetime | None = None,
    token: str = "",
) -> frozenset[int]:
    """Note that a device is there, or is still there. A device belongs to who used it last."""
    seen = {
        "user_id": user_id,
        "engine_node": node,
        "token": token,
        "last_seen_at": now,
        "expires_at": expires_at,
    }
    with transaction.atomic(savepoint=False):
        known = Device.objects.filter(project_id=project_id, kind=kind, device_id=device_id)
        former = known.select_for_update().values_list("user_id", flat=True).first()
        Device.objects.bulk_create(
            [Device(project_id=project_id, kind=kind, device_id=device_id, connected_at=now, **seen)],
            update_conflicts=True,
            unique_fields=["project", "kind", "device_id"],
            update_fields=list(seen),
        )
        return _reach_again(project_id, {user_id, former or user_id}, now)


def device_down(
    project_id: int, kind: DeviceKind, device_id: str, now: dt.datetime, *, node: str | None = None
) -> frozenset[int]:
    """Forget a device. With `node`, only while it is still that engine's: it may have come back elsewhere."""
    gone = Device.objects.filter(project_id=project_id, kind=kind, device_id=device_id)
    return _forget_in(project_id, gone if node is None else gone.filter(engine_node=node), now)


def devices_of_node_down(node: str, now: dt.datetime, *, seen_before: dt.datetime | None = None) -> frozenset[int]:
    """Forget every device that was connected to an engine which is gone; `seen_before`: to its earlier life."""
    gone = Device.objects.filter(engine_node=node)
    return _forget(gone if seen_before is None else gone.filter(last_seen_at__lt=seen_before), now)


def forget_expired_devices(now: dt.datetime) -> frozenset[int]:
    """Forget registrations that were not renewed in time."""
    return _forget(Device.objects.filter(expires_at__lte=now), now)


def register_push_token(project_id: int, user_id: str, token: str, now: dt.datetime) -> frozenset[int]:
    """Note that a user's app can be woken; it does not expire (Source: concepts.md §4)."""
    return device_up(project_id, user_id, DeviceKind.PUSH, _push_device(token), now, token=token)


def unregister_push_token(project_id: int, token: str, now: dt.datetime) -> frozenset[int]:
    """Forget an app's token."""
    return device_down(project_id, DeviceKind.PUSH, _push_device(token), now)


def _push_device(token: str) -> str:
    """Tokens have no length that providers promise; their hash has."""
    return hashlib.sha256(token.encode()).hexdigest()


def _forget(devices: QuerySet[Device], now: dt.datetime) -> frozenset[int]:
    """Project by project, so that nobody waits for all of them."""
    projects = list(devices.order_by("project_id").values_list("project_id", flat=True).distinct())
    return frozenset().union(*(_forget_in(project_id, devices, now) for project_id in projects))


def _forget_in(project_id: int, devices: QuerySet[Device], now: dt.datetime) -> frozenset[int]:
    with transaction.atomic(savepoint=False):
        gone = dict(
            devices.filter(project_id=project_id).order_by("pk").select_for_update().values_list("pk", "user_id")
        )
        Device.objects.filter(pk__in=gone).delete()
        return _reach_again(project_id, gone.values(), now)


def _reach_again(project_id: int, user_ids: Iterable[str], now: dt.datetime) -> frozenset[int]:
    """Count devices once the agents are locked: who locks last sees what all others have stored."""
    users = set(user_ids)
    agents = Agent.objects.filter(project_id=project_id, stringee_user_id__in=users)
    locked = list(agents.order_by("pk").select_for_update(no_key=True))
    if not locked:
        return frozenset()
    bits: dict[str, int] = defaultdict(int)
    present = Device.objects.filter(project_id=project_id, user_id__in=users).values_list("user_id", "kind")
    for user_id, kind in present.distinct():
        bits[user_id] |= WAY_OF[DeviceKind(kind)]
    return change_reach(locked, bits, now)
