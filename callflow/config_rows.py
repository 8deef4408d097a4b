"""The rows of configuration that nearly every event of a call asks for: its project's, and its queue's."""

from __future__ import annotations

from dataclasses import dataclass

from common.statements import Whole, fetched
from projects.models import CallSettings, Project
from queues.models import Queue

_PROJECT, _SETTINGS, _QUEUE = Whole(Project, "project"), Whole(CallSettings, "settings"), Whole(Queue, "q")

_PROJECTS = f"""
    SELECT {_PROJECT}, {_SETTINGS}, account.sid
    FROM projects_project AS project
    JOIN projects_account AS account ON account.id = project.account_id
    JOIN projects_callsettings AS settings ON settings.project_id = project.id
    WHERE project.id = %s
"""  # noqa: S608  columns of our own
_QUEUES = f"""
    SELECT {_QUEUE}, wait.filename, hold.filename, voicemail.filename
    FROM queues_queue AS q
    LEFT JOIN ivr_greetingfile AS wait ON wait.id = q.wait_greeting_id
    LEFT JOIN ivr_greetingfile AS hold ON hold.id = q.hold_greeting_id
    LEFT JOIN ivr_greetingfile AS voicemail ON voicemail.id = q.voicemail_greeting_id
    WHERE q.id = %s AND q.project_id = %s
"""  # noqa: S608  columns of our own


@dataclass(frozen=True, slots=True)
class ProjectRows:
    """A project, and what belongs to it alone."""

    project: Project
    settings: CallSettings
    account_sid: str


@dataclass(frozen=True, slots=True)
class QueueRows:
    """A queue, and the names of its greeting files; empty for none."""

    queue: Queue
    wait_file: str
    hold_file: str
    voicemail_file: str


def project_rows(project_id: int) -> ProjectRows:
    """Cost: one query. Raises Project.DoesNotExist."""
    for columns in fetched(_PROJECTS, [project_id]):
        values = iter(columns)
        return ProjectRows(_PROJECT.take(values), _SETTINGS.take(values), next(values))
    raise Project.DoesNotExist(project_id)


def queue_rows(project_id: int, queue: int) -> QueueRows | None:
    """None when the project has no such queue. Cost: one query."""
    for columns in fetched(_QUEUES, [queue, project_id]):
        values = iter(columns)
        return QueueRows(_QUEUE.take(values), *(name or "" for name in values))
    return None
