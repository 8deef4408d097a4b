"""Using the console in tests as a person does: signed in, in one project, reading what the page says."""

from __future__ import annotations

import html
import re

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from pcc_console.middleware import SESSION_KEY

# Queries of every page of a signed-in user: session, user, project with role, second factor, projects to switch to.
FRAME_QUERIES = 5


def sign_in(user, project=None) -> Client:
    """A browser in which `user` works in `project`; without one, it is still to be chosen."""
    client = Client()
    client.force_login(user)
    if project is not None:
        session = client.session
        session[SESSION_KEY] = project.pk
        session.save()
    return client


def page(model: str, name: str, *args) -> str:
    """The address of a page, e.g. `page("agents_agent", "add")`."""
    return reverse(f"admin:{model}_{name}", args=args)


def texts(response) -> str:
    """What a page says, without its tags, in one line."""
    body = re.sub(r"(?s)<(script|style|template)\b.*?</\1>", " ", response.content.decode())
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", body)))


def said(response) -> list[str]:
    """The messages that an answer leaves for the next page."""
    return [str(message) for message in get_messages(response.wsgi_request)]


def errors_of(response) -> dict[str, list[str]]:
    """What a page's form finds wrong, by field."""
    form = response.context["adminform"].form if "adminform" in response.context else response.context["form"]
    return {name: [str(error) for error in errors] for name, errors in form.errors.items()}


def form_values(response) -> dict[str, object]:
    """What a browser would send when the shown form is saved untouched, with the rows inside its page."""
    inlines = [inline.formset for inline in response.context.get("inline_admin_formsets", ())]
    inside = [form for formset in inlines for form in (formset.management_form, *formset.forms)]
    values: dict[str, object] = {}
    for form in (response.context["adminform"].form, *inside):
        for field in form:
            value = field.value()
            if value is not None and value is not False:
                values[field.html_name] = "on" if value is True else value
    return values


def act(client: Client, model: str, action: str, rows, **data):
    """Choose rows in a list and run an action on them."""
    values = {"action": action, ACTION_CHECKBOX_NAME: [row.pk for row in rows], **data}
    return client.post(page(model, "changelist"), values)
