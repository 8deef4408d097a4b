"""Addresses of pages and scripts with a telephone in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.urls import include, path, re_path

from projects.console import needs_project
from softphone import discovery
from softphone.pages import listening, phone, scripts, softphone


def inside(view: Callable[..., Any]) -> Any:
    """A view for people who are signed in and have chosen a project."""
    return admin.site.admin_view(needs_project(view), cacheable=True)


urlpatterns = [
    path("v2/getStringeeServerAddress", discovery.server_address, name="softphone_discovery"),
    path("calls2/v2/getStringeeServerAddress", discovery.server_address, {"query": "?calls=2"}),
    re_path(r"^softphone/?$", softphone.softphone, name="softphone"),
    path("softphone/token", inside(softphone.token), name="softphone_token"),
    path("softphone/api/", include("softphone.agent_api.urls")),
    re_path(r"^(?:softphone/|web_phone/lastest/)?js/StringeeSoftPhone-lastest\.js$", scripts.loader),
    path("listening/<str:call_id>", inside(listening.to_call), name="listening"),
    path("listening/<str:call_id>/session", inside(listening.session), name="listening_session"),
    path("listening/<str:call_id>/part", inside(listening.part), name="listening_part"),
    re_path(r"^phone/?$", inside(phone.phone), name="phone"),
    path("phone/session", inside(phone.phone_session), name="phone_session"),
    path("phone/link", inside(phone.phone_link), name="phone_link"),
    path("phone/call/<str:call_id>", phone.phone_path, name="phone_path"),
    path("phone/tree/<str:digits>", phone.phone_tree, name="phone_tree"),
    path("phone/to/<str:slug>", phone.public_phone, name="public_phone"),
    path("phone/to/<str:slug>/session", phone.public_phone_session, name="public_phone_session"),
]
