"""The home page: what is left to set up, what needs attention, and a few figures."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from ivr import selectors as ivr_selectors
from ivr.domain.findings import Severity
from ivr.words import Told, Words
from pcc_console import checklist
from projects.console import SUPERVISORS_AND_OWNERS, needs_project, project_of, role_of
from projects.models import Project

MOST_FINDINGS = 6


@needs_project
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Steps a to i with the next one marked, findings of the IVR linter, agents by state. Cost: 7 queries."""
    project = project_of(request)
    steps = checklist.checked_steps(project)
    done = sum(step.done for step in steps)
    findings = _findings(project)
    context = {
        **admin.site.each_context(request),
        "title": _("Home"),
        "steps": steps,
        "done": done,
        "all": len(steps),
        "may_write": role_of(request) in SUPERVISORS_AND_OWNERS,
        "percent": round(100 * done / len(steps)),
        "agents": checklist.agents_by_state(project),
        "findings": findings[:MOST_FINDINGS],
        "more_findings": max(0, len(findings) - MOST_FINDINGS),
    }
    return TemplateResponse(request, "console/home.html", context)


def _findings(project: Project) -> list[tuple[ivr_selectors.LintedTree, Told]]:
    """What the linter says, without its hints, errors first."""
    told = [
        (linted, Words(linted.tree, linted.queues).told(finding))
        for linted in ivr_selectors.project_findings(project)
        for finding in linted.findings
        if finding.severity is not Severity.HINT
    ]
    return sorted(told, key=lambda pair: pair[1].severity is not Severity.ERROR)


@needs_project
@require_safe
def project_settings(request: HttpRequest) -> HttpResponse:
    """The page of the project that one works in."""
    return HttpResponseRedirect(reverse("admin:projects_project_change", args=[project_of(request).pk]))
