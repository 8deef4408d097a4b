"""The embeddable telephone's script, at the addresses under which pages load such a script.

It is served as it is in our sources; what it loads lies under /static/, where files of other sites may load it from.
"""

from __future__ import annotations

from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

LOADER = "softphone/widget/StringeeSoftPhone.js"
FRESH_S = 300  # pages get a new version within minutes


@require_safe
def loader(request: HttpRequest) -> HttpResponse:
    """StringeeSoftPhone-lastest.js; the misspelling is part of the address that pages have."""
    found = finders.find(LOADER)
    if not isinstance(found, str):
        raise Http404
    with open(found, "rb") as script:
        response = HttpResponse(script.read(), content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = f"public, max-age={FRESH_S}"
    response["Access-Control-Allow-Origin"] = "*"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
