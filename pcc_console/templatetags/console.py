"""Template tags of the console's own pages."""

from __future__ import annotations

from typing import Any

from django import template
from django.contrib import admin
from django.db.models import Model
from django.template import RequestContext
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from common.deletion import describe

register = template.Library()


@register.simple_tag
def page_address(name: str, *args: object) -> str:
    """The address of a page; empty when this console has no such page."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


@register.simple_tag
def width(percent: float) -> SafeString:
    """A style with a width in percent, written with a point in every language."""
    return format_html('style="width: {}%"', f"{percent:.2f}")


@register.simple_tag(takes_context=True)
def nothing_here(context: RequestContext, changelist: Any) -> bool:
    """Whether a list is empty because there is no row at all, not because none matches."""
    if changelist.query or changelist.has_active_filters:
        return bool(changelist.model_admin.is_empty(context.request))
    return True


@register.simple_tag(takes_context=True)
def next_steps(context: RequestContext, changelist: Any) -> Any:
    """What an empty list offers to do next. Shape: [(label, name of the address), …]."""
    return changelist.model_admin.next_steps(context.request)


@register.simple_tag
def row_link(row: Model) -> SafeString:
    """A row's kind and name, leading to its page where it has one."""
    page = admin.site._registry.get(type(row))
    label = capfirst(describe(row))
    if page is None:
        return format_html("{}", label)
    opts = row._meta
    return format_html(
        '<a href="{}">{}</a>', reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[row.pk]), label
    )
