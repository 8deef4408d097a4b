"""What a caller's app says about whom it wants, for calls that our own answer address handles."""

from __future__ import annotations

import json

from callflow.scco.actions import PartyType


def wanted_type(custom: str) -> PartyType | None:
    """Whether the app calls a user or a phone: `custom` = {"call_setting": {"to_type": "external", …}}; None: not said.

    Source: the vendor's web phone. Anything that does not look so says nothing; the text is the customer's own.
    """
    try:
        said = json.loads(custom)
    except (ValueError, RecursionError):
        return None
    setting = said.get("call_setting") if isinstance(said, dict) else None
    wanted = setting.get("to_type") if isinstance(setting, dict) else None
    return next((kind for kind in PartyType if kind.value == wanted), None)
