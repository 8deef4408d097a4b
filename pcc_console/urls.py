"""All addresses of the server."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from ivr import greeting_views

urlpatterns = [
    path("", include("api.urls")),
    path("", include("softphone.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path(
        "greeting/<slug:public_id>/audio",
        admin.site.admin_view(greeting_views.greeting_audio, cacheable=True),
        name="console-greeting-audio",
    ),
    path(
        "greeting/<slug:public_id>/original",
        admin.site.admin_view(greeting_views.greeting_original, cacheable=True),
        name="console-greeting-original",
    ),
    path("", admin.site.urls),
]
