"""The test phone: a page that is a telephone, for members of the project and for whoever has a public link."""

from __future__ import annotations

import secrets
from typing import Any

from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_GET

from calls.models import Call
from common import phone as numbers
from common.phone import InvalidPhoneNumber, digits_of
from common.refusals import InvalidInput, NotFound
from ivr.selectors import tree_for_linting
from ivr.tree_picture import picture_of
from numbers_app.models import Number
from projects.console import SUPERVISORS_AND_OWNERS, project_of, role_of, user_of
from projects.models import HANDLED_HERE_URLS, Project
from softphone import phone_access
from softphone.answers import TooManyRequests, answer, body_of, flag_of, speaks_json, text_of, token_of
from softphone.models import PublicPhone
from softphone.pages.call_path import NO_PATH, path_of
from softphone.phone_access import PhoneAccess

EXAMPLE_CALLER = "+84 900 000 001"
VISITOR_PREFIX = "999"  # no country has it: a visitor is nobody's number
VISITOR_DIGITS = 9
VISITS, VISITS_PER_S = 10, 600  # sign-ins of one address on one link: a few reloads, not a call generator


# ── Pages ────────────────────────────────────────────────────────────────────────────────────────────────────────────
@ensure_csrf_cookie
@require_GET
def phone(request: HttpRequest) -> HttpResponse:
    """For members of the project. `number` (digits) chooses the number."""
    project = project_of(request)
    may_share = role_of(request) in SUPERVISORS_AND_OWNERS
    rows = _numbers(project)
    links = dict(PublicPhone.objects.filter(project=project).values_list("number_id", "slug")) if may_share else {}
    facts = {
        "numbers": [{**_number(row), "link": _link(request, links.get(row.pk))} for row in rows],
        "chosen": request.GET.get("number", ""),
        "caller": EXAMPLE_CALLER,
        "addresses": {**_addresses(), "session": reverse("phone_session"), "link": reverse("phone_link")},
    }
    return _page(request, facts, member=True, may_share=may_share)


@ensure_csrf_cookie
@require_GET
def public_phone(request: HttpRequest, slug: str) -> HttpResponse:
    """For whoever has a number's link."""
    row = get_object_or_404(PublicPhone.objects.select_related("number__ivr_tree", "number__queue"), slug=slug)
    facts = {
        "numbers": [_number(row.number)],
        "chosen": row.number.digits,
        "addresses": {**_addresses(), "session": reverse("public_phone_session", args=[slug])},
    }
    return _page(request, facts, member=False, may_share=False)


def _page(request: HttpRequest, facts: dict[str, Any], *, member: bool, may_share: bool) -> HttpResponse:
    context = {"config": facts, "member": member, "may_share": may_share}
    response = TemplateResponse(request, "softphone/phone.html", context)
    response["Cache-Control"] = "no-store"
    return response


def _addresses() -> dict[str, str]:
    return {"path": reverse("phone_path", args=["CALL"]), "tree": reverse("phone_tree", args=["NUMBER"])}


def _numbers(project: Project) -> list[Number]:
    return list(Number.objects.filter(project=project).select_related("ivr_tree", "queue").order_by("digits"))


def _number(row: Number) -> dict[str, Any]:
    shown = numbers.display(row.digits)
    return {"digits": row.digits, "shown": shown, "nickname": row.nickname, "leads": _leads(row)}


def _leads(row: Number) -> dict[str, str]:
    if row.answer_url and row.answer_url not in HANDLED_HERE_URLS:
        return {"kind": "url", "name": ""}
    if row.enable_ivr and row.ivr_tree is not None:
        return {"kind": "tree", "name": row.ivr_tree.tree_name}
    if not row.enable_ivr and row.queue is not None:
        return {"kind": "queue", "name": row.queue.name}
    return {"kind": "nothing", "name": ""}


# ── Signing in ───────────────────────────────────────────────────────────────────────────────────────────────────────
@speaks_json("POST")
def phone_session(request: HttpRequest) -> HttpResponseBase:
    """Be a telephone with the number `caller`, as a member."""
    project = project_of(request)
    text = text_of(body_of(request), "caller", 32)
    try:
        caller = digits_of(text, project.country)
    except InvalidPhoneNumber as error:
        raise InvalidInput(_("“%(text)s” is not a phone number.") % {"text": text}) from error
    return _session(PhoneAccess(project.pk, caller, issued_by=user_of(request).pk))


@speaks_json("POST")
def public_phone_session(request: HttpRequest, slug: str) -> HttpResponseBase:
    """Be a telephone that may call the link's number alone. Its own number is made up."""
    row = PublicPhone.objects.select_related("number").filter(slug=slug).first()
    if row is None:
        raise NotFound("There is no such link.")
    _count_visit(slug, request.META.get("REMOTE_ADDR", ""))
    caller = VISITOR_PREFIX + "".join(secrets.choice("0123456789") for _digit in range(VISITOR_DIGITS))
    return _session(PhoneAccess(row.project_id, caller, only_number=row.number.digits))


def _session(access: PhoneAccess) -> HttpResponseBase:
    return answer(
        {"token": phone_access.issue(access), "caller": access.caller, "shown": numbers.display(access.caller)}
    )


def _count_visit(slug: str, address: str) -> None:
    """Raises TooManyRequests."""
    key = f"public-phone:{slug}:{address}"
    cache.add(key, 0, VISITS_PER_S)
    if cache.incr(key) > VISITS:
        raise TooManyRequests


# ── What the page shows beside the keypad ────────────────────────────────────────────────────────────────────────────
def _access_of(request: HttpRequest) -> PhoneAccess:
    """Raises TokenRefused."""
    return phone_access.read(token_of(request))


@speaks_json("GET")
def phone_path(request: HttpRequest, call_id: str) -> HttpResponseBase:
    """The way of one of this telephone's calls; an empty one of a call that is not there yet, or another's."""
    access = _access_of(request)
    call = Call.objects.filter(project=access.project_id, call_id=call_id).first()
    if call is None or access.caller not in (call.customer_number, call.from_number, call.to_number):
        return answer(NO_PATH)
    return answer(path_of(call, names_people=access.issued_by != 0))


@speaks_json("GET")
def phone_tree(request: HttpRequest, digits: str) -> HttpResponseBase:
    """The picture of the tree that callers of a number hear; empty when they hear none."""
    access = _access_of(request)
    row = Number.objects.filter(project=access.project_id, digits=digits).select_related("ivr_tree__project").first()
    if row is None or not access.may_call(digits):
        raise NotFound("There is no such number.")
    if not row.enable_ivr or row.ivr_tree is None or access.issued_by == 0:
        return answer({"picture": ""})  # the tree is the project's own business
    picture = picture_of(tree_for_linting(row.ivr_tree))
    return answer({"picture": render_to_string("ivr/picture.html", {"picture": picture}, request)})


# ── Public links ─────────────────────────────────────────────────────────────────────────────────────────────────────
@speaks_json("POST")
def phone_link(request: HttpRequest) -> HttpResponseBase:
    """Switch the public link of a number on or off; on again, it is another link."""
    project = project_of(request)
    if role_of(request) not in SUPERVISORS_AND_OWNERS:
        raise Http404
    body = body_of(request)
    row = Number.objects.filter(project=project, digits=text_of(body, "number", numbers.MAX_DIGITS)).first()
    if row is None:
        raise NotFound("There is no such number.")
    if not flag_of(body, "on"):
        PublicPhone.objects.filter(project=project, number=row).delete()
        return answer({"link": ""})
    link, _created = PublicPhone.objects.get_or_create(project=project, number=row)
    return answer({"link": _link(request, link.slug)})


def _link(request: HttpRequest, slug: str | None) -> str:
    return request.build_absolute_uri(reverse("public_phone", args=[slug])) if slug else ""
