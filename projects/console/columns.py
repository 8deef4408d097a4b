"""Cells of lists: links to other rows, and several of them in one cell."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib import admin
from django.db import models
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

SHOWN_LINKS = 4  # more would hide the rest of the row
LINK = '<a class="text-link underline" href="{}">{}</a>'


def address_of(row: models.Model) -> str:
    """Where a row is changed; empty when its kind has no page."""
    if not admin.site.is_registered(type(row)):
        return ""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def in_one_line(party: str) -> SafeString | str:
    """A telephone number in a cell, which is not broken where it has spaces; other names may be long."""
    return format_html('<span class="pcc-number">{}</span>', party) if party.startswith("+") else party


def link_to(row: models.Model, text: str = "") -> SafeString:
    """A link to the page of a row."""
    return linked(address_of(row), text or str(row))


def linked(address: str, text: str) -> SafeString:
    """A link, or the text alone when there is no address."""
    return format_html(LINK, address, text) if address else format_html("{}", text)


def several(links: Iterable[SafeString]) -> SafeString:
    """Links in one cell, the first few of them."""
    found = list(links)
    if not found:
        return SafeString("")
    shown = format_html_join(", ", "{}", ((link,) for link in found[:SHOWN_LINKS]))
    rest = len(found[SHOWN_LINKS:])
    return format_html("<span>{} {}</span>", shown, _("and %(count)s more") % {"count": rest} if rest else "")


def links_to(rows: Iterable[models.Model]) -> SafeString:
    """Links to several rows, the first few of them."""
    return several(link_to(row) for row in rows)
