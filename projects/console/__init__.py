"""What the console's pages are built on: every page sees one project, and acts as far as the member's role goes.

A page is `@admin.register(Model)` with a subclass of `ProjectAdmin`, and `ProjectTabularInline` or
`ProjectStackedInline` for the rows inside it. See CONTRIBUTING.md, "A page of the console".
"""

from projects.console.admin import ConsoleAdmin, ProjectAdmin, ProjectStackedInline, ProjectTabularInline
from projects.console.bulk import Change, bulk_action
from projects.console.forms import ProjectForm
from projects.console.scope import (
    OWNERS,
    SUPERVISORS_AND_OWNERS,
    NoProject,
    needs_project,
    project_of,
    role_of,
    user_of,
    within,
)

__all__ = [
    "OWNERS",
    "SUPERVISORS_AND_OWNERS",
    "Change",
    "ConsoleAdmin",
    "NoProject",
    "ProjectAdmin",
    "ProjectForm",
    "ProjectStackedInline",
    "ProjectTabularInline",
    "bulk_action",
    "needs_project",
    "project_of",
    "role_of",
    "user_of",
    "within",
]
