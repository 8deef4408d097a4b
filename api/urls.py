"""All addresses below `/v1`. Every one answers with and without a trailing slash and never redirects."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, re_path
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from api import resources
from api.replies import failed
from api.resources.account_numbers import AccountNumbers, is_for_account
from api.resources.numbers import NumberResource
from api.views import ApiView, preflight

View = Callable[..., HttpResponseBase]
ROOT = r"^(?:/*)v1/+"  # clients put addresses together from parts that may each bring a slash


@csrf_exempt
def unknown(request: HttpRequest) -> HttpResponse:
    """JSON for addresses that do not exist, too."""
    if request.method == "OPTIONS":
        return preflight()
    return failed(HTTPStatus.NOT_FOUND, "There is nothing at this address.")


def number_door(contact_center: View, account: View) -> View:
    """One address with two meanings; the API description shows the contact center's."""

    @csrf_exempt
    def view(request: HttpRequest, **kwargs: str) -> HttpResponseBase:
        return (account if is_for_account(request) else contact_center)(request, **kwargs)

    return update_wrapper(view, contact_center)


def routes(resource: type[ApiView]) -> list[URLPattern]:
    """The addresses of a resource: all rows, if it lists or takes any, and one row if it has an id."""
    path = resource.path.replace("/", "/+")
    found = []
    if resource.collection:
        found.append(re_path(rf"{ROOT}{path}/*\Z", view_of(resource, collection=True)))
    if resource.item:
        found.append(re_path(rf"{ROOT}{path}/+(?P<id>[^/]+)/*\Z", view_of(resource, collection=False)))
    return found


def view_of(resource: type[ApiView], *, collection: bool) -> View:
    actions = resource.collection if collection else resource.item
    view: View = resource.as_view(dict(actions))
    if resource is NumberResource:
        return number_door(view, view_of(AccountNumbers, collection=collection))
    return view


urlpatterns = [
    path("api/schema/", SpectacularAPIView.as_view(), name="api_schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="api_schema"), name="api_docs"),
    *(route for resource in resources.ALL for route in routes(resource)),
    re_path(r"^(?:/*)v1(?:/|\Z)", unknown),
]
