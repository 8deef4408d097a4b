"""Addresses below /softphone/api/ (docs/softphone.md)."""

from __future__ import annotations

from django.urls import path

from softphone.agent_api import calls, directory, history, me

urlpatterns = [
    path("me", me.me, name="softphone_me"),
    path("me/status", me.status),
    path("me/device", me.device),
    path("me/wrap-up", me.wrap_up),
    path("directory", directory.directory),
    path("history", history.history),
    path("calls/<str:call_id>/hold", calls.hold),
    path("calls/<str:call_id>/transfer", calls.transfer),
    path("calls/<str:call_id>/transfer/complete", calls.complete),
    path("calls/<str:call_id>/transfer/cancel", calls.cancel),
    path("calls/<str:call_id>/transfer/merge", calls.merge),
    path("calls/<str:call_id>/people", calls.people),
    path("calls/<str:call_id>/people/<str:leg_id>", calls.person),
    path("calls/<str:call_id>/note", calls.note),
]
