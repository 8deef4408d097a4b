"""Shapes of what is answered, as TypedDicts: the row builders are checked against them and the API description is
made from them.

Units: ids are opaque text; flags are 0 or 1; times are epoch milliseconds unless a comment says otherwise.
"""

from __future__ import annotations

from typing import Literal, TypedDict

from projects.models import Project, ProjectRow, Tenanted

Bit = Literal[0, 1]


class Owned(TypedDict):
    """Whose row it is."""

    account: int
    project: int


class Identified(Owned):
    """Whose row it is, and its id."""

    id: str


def owned(row: Tenanted, project: Project) -> Owned:
    return {"account": project.account_id, "project": row.project_id}


def identified(row: ProjectRow, project: Project) -> Identified:
    return {"id": row.public_id, "account": project.account_id, "project": row.project_id}


def bit(flag: object) -> Bit:
    return 1 if flag else 0
