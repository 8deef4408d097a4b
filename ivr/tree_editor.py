"""The page of a tree: what it shows, and what can be done there.

One thing at a time is open: a form, or a question before deleting. So the page is a function of the stored tree and of
what is open, and every request is answered with all of it: as the inner part of the page when htmx asks, as a whole
page or a redirect without scripts. Every write locks the tree, looks again, and calls one service.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from common.refusals import AlreadyExists, Refusal
from ivr import services
from ivr.addresses import tree_address
from ivr.models import IvrKeyPress, IvrNode, IvrTree
from ivr.selectors import tree_for_linting
from ivr.tree_forms import KeyForm, NodeForm, TreeForm
from ivr.tree_outline import outline_of
from ivr.tree_picture import picture_of
from ivr.words import key_name

if TYPE_CHECKING:
    from ivr.tree_admin import IvrTreeAdmin

FORM_ID, OUTLINE_ID = "ivr-form", "tree-outline"
FRAGMENT_HEADER = "X-Tree-Editor"  # tells the page's script that it got the inner part, and not, say, the sign-in page


class Gone(Exception):
    """The node or key was deleted meanwhile. Its argument says so to the user."""


@dataclass(frozen=True)
class Opened:
    """The form or question that is open: what it does, and with which row. In addresses: `edit-node:NO4T7K2M`."""

    what: str = ""
    id: str = ""

    @classmethod
    def parse(cls, text: str) -> Opened:
        what, _colon, public_id = text.partition(":")
        return cls(what, public_id)


@dataclass(frozen=True)
class Outcome:
    """What a request led to: what is open then, what is said, and which element gets the keyboard."""

    opened: Opened = Opened()
    form: forms.ModelForm[Any] | None = None
    status: str = ""
    is_refused: bool = False
    focus: str = ""


class TreeEditor:
    """One request to the page of one tree."""

    def __init__(self, admin: IvrTreeAdmin, request: HttpRequest, tree: IvrTree) -> None:
        self.admin, self.request, self.tree = admin, request, tree
        self.may_change = admin.has_change_permission(request, tree)

    # ── Doors ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def show(self) -> HttpResponse:
        """The page, with the form or question that the address names."""
        opened = Opened.parse(self.request.GET.get("open", ""))
        if not self.may_change:
            return self._page(Outcome())
        if not opened.what and not self.tree.nodes.exists():
            opened = Opened("add-node")
        try:
            return self._page(self._open(opened))
        except Gone as gone:
            return self._page(_refused(str(gone)))

    def write(self, step: str, public_id: str) -> HttpResponse:
        """Do one step with the tree locked. What is refused is said on the page, and nothing is changed."""
        if step not in self._STEPS:
            raise Http404
        if self.request.method != "POST":  # an address that somebody came back to, after signing in again
            return HttpResponseRedirect(tree_address(self.tree))
        if not self.may_change:
            raise PermissionDenied
        try:
            with transaction.atomic():
                trees = IvrTree.objects.select_for_update(of=("self",)).select_related("project")
                self.tree = get_object_or_404(trees, pk=self.tree.pk)
                outcome = self._STEPS[step](self, public_id)
        except Gone as gone:
            outcome = _refused(str(gone))
        except Refusal as refusal:
            outcome = _refused(refusal.message)
        return self._answer(outcome)

    # ── Opening ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _open(self, opened: Opened) -> Outcome:
        focus = FORM_ID
        form: forms.ModelForm[Any] | None = None
        match opened.what:
            case "name":
                form = TreeForm(instance=self.tree, auto_id="ivr-%s")
            case "add-node":
                form = NodeForm(instance=self._new_node())
            case "edit-node":
                form = NodeForm(instance=self._node(opened.id))
            case "add-key":
                form = KeyForm(instance=self._new_key(self._node(opened.id)))
            case "edit-key":
                form = KeyForm(instance=self._key(opened.id))
            case "delete-node":
                self._node(opened.id)
            case "delete-key":
                self._key(opened.id)
            case _:  # closed again: the keyboard goes back to what had opened it
                opened, focus = Opened(), self.request.GET.get("closed", "")
        return Outcome(opened, form, focus=focus)

    def _node(self, public_id: str) -> IvrNode:
        node = self.tree.nodes.filter(public_id=public_id).first() if public_id.isalnum() else None
        if node is None:
            raise Gone(_("This node was deleted meanwhile, so nothing was saved."))
        node.tree = self.tree
        return node

    def _key(self, public_id: str) -> IvrKeyPress:
        key = (
            self.tree.keys.select_related("node", "next_node").filter(public_id=public_id).first()
            if public_id.isalnum()
            else None
        )
        if key is None:
            raise Gone(_("This key was deleted meanwhile, so nothing was saved."))
        key.node.tree = self.tree
        return key

    def _new_node(self) -> IvrNode:
        return IvrNode(project_id=self.tree.project_id, tree=self.tree)

    def _new_key(self, node: IvrNode) -> IvrKeyPress:
        return IvrKeyPress(project_id=self.tree.project_id, tree=self.tree, node=node)

    # ── Steps ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _rename(self, _public_id: str) -> Outcome:
        form = TreeForm(self.request.POST, instance=self.tree, auto_id="ivr-%s")
        if not form.is_valid():
            return _to_correct(Opened("name"), form)
        services.save_tree(form.save(commit=False))
        return Outcome(status=_("The tree was renamed."), focus="open-name")

    def _add_node(self, _public_id: str) -> Outcome:
        form = NodeForm(self.request.POST, instance=self._new_node())
        if not form.is_valid():
            return _to_correct(Opened("add-node"), form)
        node = form.save(commit=False)
        services.add_node(node)
        return Outcome(status=_("Node “%(name)s” was created.") % {"name": node}, focus=f"add-key-{node.public_id}")

    def _save_node(self, public_id: str) -> Outcome:
        form = NodeForm(self.request.POST, instance=self._node(public_id))
        if not form.is_valid():
            return _to_correct(Opened("edit-node", public_id), form)
        node = form.save(commit=False)
        services.save_node(node)
        return Outcome(status=_("Node “%(name)s” was saved.") % {"name": node}, focus=f"edit-node-{public_id}")

    def _make_root(self, public_id: str) -> Outcome:
        node = self._node(public_id)
        services.set_root(node)
        return Outcome(status=_("Calls now start at “%(name)s”.") % {"name": node}, focus=f"node-{public_id}")

    def _delete_node(self, public_id: str) -> Outcome:
        node = self._node(public_id)
        services.delete_node(node, with_keys=self.request.POST.getlist("with-key"))
        return Outcome(status=_("Node “%(name)s” was deleted.") % {"name": node}, focus=OUTLINE_ID)

    def _add_key(self, node_public_id: str) -> Outcome:
        form = KeyForm(self.request.POST, instance=self._new_key(self._node(node_public_id)))
        opened = Opened("add-key", node_public_id)
        return self._store_key(opened, form, focus=f"add-key-{node_public_id}")

    def _save_key(self, public_id: str) -> Outcome:
        form = KeyForm(self.request.POST, instance=self._key(public_id))
        return self._store_key(Opened("edit-key", public_id), form, focus=f"edit-key-{public_id}")

    def _store_key(self, opened: Opened, form: KeyForm, focus: str) -> Outcome:
        if not form.is_valid():
            return _to_correct(opened, form)
        key, new_node = form.filled_key(), form.new_node()
        try:
            if new_node is None:
                services.save_key(key)
            else:
                services.add_node_behind(key, new_node)
        except AlreadyExists as refusal:
            form.add_error("node_key", refusal.message)
            return _to_correct(opened, form)
        status = (
            _("%(key)s was saved.") if new_node is None else _("%(key)s was saved, and node “%(node)s” was created.")
        )
        return Outcome(status=capfirst(status % {"key": key_name(key.node_key), "node": new_node}), focus=focus)

    def _delete_key(self, public_id: str) -> Outcome:
        key = self._key(public_id)
        services.delete_key(key)
        status = capfirst(_("%(key)s was deleted.") % {"key": key_name(key.node_key)})
        return Outcome(status=status, focus=f"add-key-{key.node.public_id}")

    _STEPS: ClassVar[dict[str, Callable[[TreeEditor, str], Outcome]]] = {
        "rename": _rename,
        "add-node": _add_node,
        "save-node": _save_node,
        "make-root": _make_root,
        "delete-node": _delete_node,
        "add-key": _add_key,
        "save-key": _save_key,
        "delete-key": _delete_key,
    }

    # ── Answers ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _answer(self, outcome: Outcome) -> HttpResponse:
        """After a write: the page again, or without scripts a redirect to it once everything was accepted."""
        if outcome.form is not None or self._is_htmx():
            return self._page(outcome)
        level = messages.ERROR if outcome.is_refused else messages.SUCCESS
        self.admin.message_user(self.request, outcome.status, level)
        return HttpResponseRedirect(tree_address(self.tree, outcome.focus))

    def _page(self, outcome: Outcome) -> HttpResponse:
        # Read again: a refused form leaves what was typed in the row that it was given.
        self.tree = get_object_or_404(IvrTree.objects.select_related("project"), pk=self.tree.pk)
        context = self._context(outcome)
        if self._is_htmx():
            response = HttpResponse(render_to_string("ivr/tree_answer.html", context, self.request))
            response[FRAGMENT_HEADER] = "1"
        else:
            response = TemplateResponse(self.request, "ivr/tree.html", {**self._site_context(), **context})
        # What was open, and what was found, must be asked for again when somebody comes back to the page.
        patch_cache_control(response, no_store=True)
        patch_vary_headers(response, ["HX-Request"])
        return response

    def _is_htmx(self) -> bool:
        return "HX-Request" in self.request.headers

    def _context(self, outcome: Outcome) -> dict[str, Any]:
        linted = tree_for_linting(self.tree)
        return {
            "tree": self.tree,
            "outline": outline_of(linted),
            "picture": picture_of(linted),
            "outcome": outcome,
            "opened": outcome.opened,
            "form": outcome.form,
            "question": self._question(outcome.opened),
            "may_change": self.may_change,
            "may_delete": self.admin.has_delete_permission(self.request, self.tree),
            "numbers": self.tree.numbers.order_by("digits"),
        }

    def _question(self, opened: Opened) -> dict[str, Any] | None:
        """What must be known before a node or key is deleted."""
        match opened.what:
            case "delete-node":
                node = self._node(opened.id)
                others = node.reached_by.exclude(node=node).select_related("node").order_by("pk")
                numbers = list(self.tree.numbers.order_by("digits")) if self.tree.root_node_id == node.pk else []
                return {"row": node, "keys": node.keys.count(), "leading_here": list(others), "numbers": numbers}
            case "delete-key":
                return {"row": self._key(opened.id)}
        return None

    def _site_context(self) -> dict[str, Any]:
        return {
            **self.admin.admin_site.each_context(self.request),
            "title": str(self.tree),
            "opts": self.admin.opts,
            "original": self.tree,
            "media": self.admin.media,
        }


def _to_correct(opened: Opened, form: forms.ModelForm[Any]) -> Outcome:
    """The form again, with what is wrong in it."""
    status = _("Nothing was saved: please correct the form.")
    return Outcome(opened, form, status, is_refused=True, focus=FORM_ID)


def _refused(reason: str) -> Outcome:
    return Outcome(status=reason, is_refused=True, focus=OUTLINE_ID)
