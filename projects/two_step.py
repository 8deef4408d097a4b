"""Two-step sign-in: a code from an authenticator app (RFC 6238), or one of ten recovery codes, after the password."""

from __future__ import annotations

import re

from django.db import transaction
from django_otp.models import Device
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from projects.models import User

RECOVERY_CODES = 10
NAME = "two-step sign-in"


def is_on(user: User) -> bool:
    """Whether signing in asks for a code. Cost: one query."""
    return bool(TOTPDevice.objects.filter(user=user, confirmed=True).exists())


def begin(user: User) -> TOTPDevice:
    """The app's secret that the user is setting up; the same one until it is confirmed."""
    device, _created = TOTPDevice.objects.get_or_create(user=user, confirmed=False, defaults={"name": NAME})
    return device


@transaction.atomic
def switch_on(user: User, code: str) -> list[str] | None:
    """Confirm the app with its first code. Returns the recovery codes, to be shown once, or None for a wrong code."""
    device = begin(user)
    if not device.verify_token(code):
        return None
    device.confirmed = True
    device.save()
    return renew_recovery_codes(user)


@transaction.atomic
def renew_recovery_codes(user: User) -> list[str]:
    """Make ten new codes, each good for one sign-in; the old ones end."""
    StaticDevice.objects.filter(user=user).delete()
    device = StaticDevice.objects.create(user=user, name=NAME, confirmed=True)
    codes = [StaticToken.random_token() for _number in range(RECOVERY_CODES)]
    StaticToken.objects.bulk_create([StaticToken(device=device, token=code) for code in codes])
    return codes


def recovery_codes_left(user: User) -> int:
    """How many recovery codes are unused."""
    return int(StaticToken.objects.filter(device__user=user).count())


@transaction.atomic
def check(user: User, code: str) -> Device | None:
    """The device that a code belongs to; a recovery code is used up. Wrong codes slow the next attempt down."""
    compact = code.strip().replace(" ", "").lower()
    kind: type[Device] = TOTPDevice if re.fullmatch(r"[0-9]{6}", compact) else StaticDevice
    for device in kind.objects.select_for_update().filter(user=user, confirmed=True):
        if device.verify_token(compact):
            return device
    return None


@transaction.atomic
def switch_off(user: User) -> None:
    """Sign in with the password alone."""
    TOTPDevice.objects.filter(user=user).delete()
    StaticDevice.objects.filter(user=user).delete()
