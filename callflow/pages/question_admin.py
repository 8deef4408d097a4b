"""Questions of calls to customers' servers; what an answer means knows who asked."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from callflow.pages.question_findings import findings_of
from webhooks.models import Question
from webhooks.pages.question_admin import QuestionPage


@admin.register(Question)
class QuestionAdmin(QuestionPage):
    """What calls wanted to know, and what was wrong with the answer."""

    def shown(self, request: HttpRequest, row: Question) -> dict[str, Any]:
        return {**super().shown(request, row), "findings": findings_of(row)}
