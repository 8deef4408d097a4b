"""Where an SDK finds the door when its page names only the address of an API.

Source: docs/softphone-protocol.md, "Discovery".
"""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET

from projects.verification import TokenRefused
from softphone import identity

PATH = "/softphone/ws"
HTTPS_PORT = 443  # SDKs always dial `wss://` here


@require_GET
def server_address(request: HttpRequest, query: str = "") -> HttpResponse:
    """GET /v2/getStringeeServerAddress?access_token=…; any page may ask, as with the socket itself.

    `query`: what the socket's address ends with, for pages whose API's address says which calls they take.
    """
    try:
        identity.sign_in(request.GET.get("access_token", ""))
    except TokenRefused as refused:
        return _open_to_all({"r": refused.code, "message": refused.message})
    return _open_to_all({"r": 0, "message": "SUCCESS", "data": {"stringeeServerAddrs": {"web": [_address(query)]}}})


def _address(query: str) -> dict[str, object]:
    """SDKs put `wss://`, ip, a colon and port together: so the port may carry the path."""
    public = urlsplit(settings.PCC_PUBLIC_URL)
    return {"ip": public.hostname or "localhost", "port": f"{public.port or HTTPS_PORT}{PATH}{query}"}


def _open_to_all(body: dict[str, object]) -> JsonResponse:
    return JsonResponse(body, headers={"Access-Control-Allow-Origin": "*", "Cache-Control": "no-store"})
