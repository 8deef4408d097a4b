"""The console's theme, its menu, and the address of each page."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

# The original console's paths are the pages' own addresses (Source: docs/compatibility.md, "Console").
ADDRESSES = {
    "numbers_app.number": "setting/number",
    "numbers_app.blockednumber": "setting/blacklistnumber",
    "numbers_app.prioritycaller": "setting/prioritycaller",
    "ivr.ivrtree": "setting/ivrtree",
    "agents.agent": "setting/agent",
    "agents.group": "setting/group",
    "queues.queue": "setting/queue",
    "ivr.greetingfile": "setting/greeting",
    "queues.businesshours": "setting/businesshour",
    "projects.callsettings": "setting/callsetting",
    "agents.sipaccount": "setting/sipaccount",
    "routing.grouprouting": "setting/grouprouting",
    "projects.project": "setting/project",
    "projects.apikey": "setting/apikey",
    "projects.member": "setting/member",
    "auditlog.logentry": "setting/history",
    "calls.call": "call",
    "routing.offer": "offer",
    "calls.recording": "recording",
    "callflow.voicemail": "voicemail",
    "webhooks.delivery": "webhook/delivery",
    "webhooks.question": "webhook/question",
    "routing.agentlistquestion": "webhook/agentlist",
    "webhooks.sms": "webhook/sms",
    "webhooks.signingsecret": "webhook/secret",
    "projects.account": "operator/account",
    "projects.user": "operator/user",
}
OTHER_ADDRESSES = {"setting/blacklist": "setting/blacklistnumber"}  # seen in use for the same page


@dataclass(frozen=True)
class Entry:
    """A line of the menu. Leads to a model's list, or to the named page."""

    title: str | Promise
    icon: str
    model: str = ""
    page: str = ""
    shown: Callable[[HttpRequest], bool] = lambda request: True


def _has_project(request: HttpRequest) -> bool:
    return getattr(request, "project", None) is not None


def _may_write(request: HttpRequest) -> bool:
    return getattr(request, "role", None) in ("owner", "supervisor")


def _is_operator(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_superuser", False))


MENU: list[tuple[str | Promise, list[Entry]]] = [
    ("", [Entry(_("Home"), "home", page="admin:index")]),
    (
        _("Contact center"),
        [
            Entry(_("Numbers"), "call", model="numbers_app.number"),
            Entry(_("Blocked numbers"), "phone_disabled", model="numbers_app.blockednumber"),
            Entry(_("Priority callers"), "star", model="numbers_app.prioritycaller"),
            Entry(_("IVR trees"), "account_tree", model="ivr.ivrtree"),
            Entry(_("Agents"), "support_agent", model="agents.agent"),
            Entry(_("Groups"), "groups", model="agents.group"),
            Entry(_("Queues"), "queue", model="queues.queue"),
            Entry(_("Greeting files"), "library_music", model="ivr.greetingfile"),
            Entry(_("Business hours"), "schedule", model="queues.businesshours"),
            Entry(_("Call settings"), "webhook", model="projects.callsettings"),
            Entry(_("SIP accounts"), "deskphone", model="agents.sipaccount"),
        ],
    ),
    (
        _("Calls"),
        [
            Entry(_("Calls"), "phone_in_talk", model="calls.call"),
            Entry(_("Waiting now"), "hourglass_top", page="admin:calls_call_waiting", shown=_has_project),
            Entry(_("Offers"), "ring_volume", model="routing.offer"),
            Entry(_("Voicemails"), "voicemail", model="callflow.voicemail"),
            Entry(_("Recordings"), "radio_button_checked", model="calls.recording"),
            Entry(_("Test phone"), "dialpad", page="phone", shown=_has_project),
            Entry(_("Softphone"), "headset_mic", page="softphone", shown=_may_write),
            Entry(_("Simulate a call"), "science", page="admin:calls_call_simulate", shown=_may_write),
        ],
    ),
    (
        _("Web hooks"),
        [
            Entry(_("Event deliveries"), "outbox", model="webhooks.delivery"),
            Entry(_("Questions"), "contact_support", model="webhooks.question"),
            Entry(_("questions for agents"), "format_list_numbered", model="routing.agentlistquestion"),
            Entry(_("Text messages"), "sms", model="webhooks.sms"),
            Entry(_("Signing secret"), "signature", model="webhooks.signingsecret"),
        ],
    ),
    (
        _("Project"),
        [
            Entry(_("Project settings"), "tune", page="admin:project_settings", shown=_has_project),
            Entry(_("Members"), "group_add", model="projects.member"),
            Entry(_("API keys"), "key", model="projects.apikey"),
            Entry(_("Softphone in your pages"), "code", page="admin:embed", shown=_may_write),
            Entry(_("Access token tool"), "token", page="admin:access_token", shown=_may_write),
            Entry(_("History"), "history", model="auditlog.logentry"),
            Entry(_("API documentation"), "api", page="api_docs"),
        ],
    ),
    (
        _("Operator"),
        [
            Entry(_("Accounts"), "apartment", model="projects.account", shown=_is_operator),
            Entry(_("Projects"), "workspaces", model="projects.project", shown=_is_operator),
            Entry(_("Users"), "person", model="projects.user", shown=_is_operator),
        ],
    ),
]


def menu(request: HttpRequest) -> list[dict[str, Any]]:
    """The menu as the theme draws it: what the signed-in user may see, with the present page marked."""
    drawn = [(title, [_drawn(entry, request) for entry in entries]) for title, entries in MENU]
    groups = [(title, [item for item in items if item]) for title, items in drawn]
    _mark_present_page([item for _title, items in groups for item in items], request.path)
    return [{"title": title, "items": items} for title, items in groups if items]


def _mark_present_page(items: list[dict[str, Any]], path: str) -> None:
    """One line at most: the one whose address is the longest beginning of this page's."""
    home = reverse("admin:index")
    leading = [item for item in items if path.startswith(item["link"]) and (item["link"] != home or path == home)]
    for item in sorted(leading, key=lambda each: len(each["link"]))[-1:]:
        item["active"] = True


def list_address(path: str) -> str:
    """The list to which a page belongs; the home page for others. Where one lands after switching the project."""
    lists = (f"/{address}/" for address in ADDRESSES.values() if not address.startswith("operator/"))
    return next((address for address in lists if path.startswith(address)), reverse("admin:index"))


def _drawn(entry: Entry, request: HttpRequest) -> dict[str, Any] | None:
    link = _link(entry, request) if entry.shown(request) else ""
    if not link:
        return None
    return {"title": capfirst(str(entry.title)), "icon": entry.icon, "link": link, "active": False}


def _link(entry: Entry, request: HttpRequest) -> str:
    """Where an entry leads; empty when the user may not go there."""
    if entry.page == "admin:project_settings":  # the page itself, so that it can be marked as the present one
        return _address("admin:projects_project_change", request.project.pk)  # type: ignore[attr-defined]
    if not entry.model:
        return _address(entry.page)
    from django.contrib import admin

    pages = {model._meta.label_lower: page for model, page in admin.site._registry.items()}
    page = pages.get(entry.model)
    if page is None or not page.has_view_permission(request):
        return ""
    return _address(f"admin:{entry.model.replace('.', '_')}_changelist")


def _address(name: str, *args: Any) -> str:
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


def _files(*names: str) -> Iterable[Callable[[HttpRequest], str]]:
    return [lambda request, name=name: static(name) for name in names]  # type: ignore[misc]


def _image(name: str) -> Callable[[HttpRequest], str]:
    return lambda request: static(name)


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "PCC Console",
    "SITE_HEADER": "PCC Console",
    "SITE_SUBHEADER": _("Programmable contact center"),
    "SITE_URL": None,
    "SITE_ICON": _image("console/mark.svg"),
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "sizes": "any", "href": _image("console/mark.svg")},
    ],
    "SHOW_LANGUAGES": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "BORDER_RADIUS": "8px",
    "STYLES": _files("console/console.css"),
    "SCRIPTS": _files("console/console.js", "console/choices.js"),
    "COLORS": {
        # Teal. 600 carries white text (5.5 : 1); 500 is the same colour as text on dark ground (8 : 1).
        "primary": {
            "50": "#effcf9",
            "100": "#d0f7ee",
            "200": "#a3eedd",
            "300": "#6ddfca",
            "400": "#3bcab4",
            "500": "#2bbda6",
            "600": "#0f766e",
            "700": "#115e59",
            "800": "#134e4a",
            "900": "#123f3c",
            "950": "#062c2a",
        },
    },
    "SIDEBAR": {
        "show_search": True,
        "command_search": True,
        "navigation": "pcc_console.navigation.menu",
    },
    "COMMAND": {"search_models": True},
}
