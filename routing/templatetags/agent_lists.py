"""Template tags on questions to agent list URLs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template

if TYPE_CHECKING:
    from queues.models import Queue
    from routing.agent_list_pages import LastQuestion

register = template.Library()


@register.simple_tag
def last_question_about(queue: Queue | None) -> LastQuestion | None:
    """What came of the last question about a queue's calls; None when its server is not asked. Cost: one query."""
    from routing.agent_list_pages import last_question  # the theme loads all tags while it loads itself

    return last_question(queue) if queue is not None and queue.get_list_agents_url else None
