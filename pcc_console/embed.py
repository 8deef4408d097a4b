"""The softphone in a company's own pages: what to copy there, and a token to try it with."""

from __future__ import annotations

import datetime as dt
import json

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from numbers_app.models import Number
from pcc_console.access_token import AgentTokenForm
from projects import selectors
from projects.console import SUPERVISORS_AND_OWNERS, needs_project, project_of, role_of
from projects.models import Project

EVERY_ORIGIN = "*"
MOST_NUMBERS = 10  # in the snippet, which is there to be edited

SNIPPET = """<script src="{server}/js/StringeeSoftPhone-lastest.js"></script>
<script>
  StringeeSoftPhone.init({{
    showMode: "full", right: 20, bottom: 20, arrowDisplay: "none",
    fromNumbers: {numbers}
  }});
  StringeeSoftPhone.on("incomingCall", (call) => console.log(call.fromNumber, call.customDataFromYourServer));
{connect}
</script>"""
WITH_OWN_SERVER = """
  // Your own server makes the token, with an API key that only it knows.
  const freshToken = async () => (await fetch("/softphone-token")).text();
  freshToken().then((token) => StringeeSoftPhone.connect(token));
  StringeeSoftPhone.on("requestNewToken", async () => StringeeSoftPhone.connect(await freshToken()));"""
TO_TRY = """
  // To try it with: one agent's token, which ends. Later your own server makes one for whoever is signed in.
  StringeeSoftPhone.connect("{token}");"""
SDK_LINE = 'const client = new StringeeClient(["{socket}"]);'


@needs_project
@require_http_methods(["GET", "POST"])
def embed(request: HttpRequest) -> HttpResponse:
    """GET: the snippet and the form. POST: a token for the chosen agent, shown in the answer only."""
    project = project_of(request)
    if role_of(request) not in SUPERVISORS_AND_OWNERS:
        raise PermissionDenied
    form = AgentTokenForm(project, request.POST or None, prefix="agent", initial={"pcc": True})
    issued = form.issue() if form.is_valid() else None
    server = request.build_absolute_uri("/").rstrip("/")
    context = {
        **admin.site.each_context(request),
        "title": _("Softphone in your pages"),
        "snippet": snippet(project, server, issued.token if issued else ""),
        "sdk_line": SDK_LINE.format(socket=server.replace("http", "ws", 1) + "/softphone/ws"),
        "form": form,
        "issued": issued,
        "expires": dt.datetime.fromtimestamp(issued.expires, dt.UTC) if issued else None,
        "has_key": selectors.active_keys(project).exists(),
        "origins": [] if EVERY_ORIGIN in settings.PCC_SOFTPHONE_ORIGINS else settings.PCC_SOFTPHONE_ORIGINS,
        "is_secure": request.is_secure(),
    }
    response = TemplateResponse(request, "console/embed.html", context)
    response["Cache-Control"] = "no-store"
    return response


def snippet(project: Project, server: str, token: str = "") -> str:
    """What to copy into a page, with the project's numbers as caller IDs; with a token it works as it is."""
    rows = Number.objects.filter(project=project, allow_outbound_calls=True).order_by("digits")[:MOST_NUMBERS]
    numbers = [{"alias": row.nickname or row.digits, "number": row.digits} for row in rows]
    # A nickname must not end the script that it stands in.
    text = json.dumps(numbers, ensure_ascii=False).replace("<", "\\u003c")
    connect = TO_TRY.format(token=token) if token else WITH_OWN_SERVER
    return SNIPPET.format(server=server, numbers=text, connect=connect)
