"""Where trees, and what their keys lead to, are found in the console."""

from __future__ import annotations

from django.urls import reverse

from ivr.models import GreetingFile, IvrTree


def tree_address(tree: IvrTree, place: str = "") -> str:
    """The page of a tree, or one place on it (`ivr.words.place_id`)."""
    page = reverse("admin:ivr_ivrtree_change", args=[tree.pk])
    return f"{page}#{place}" if place else page


def audio_address(greeting: GreetingFile) -> str:
    """The audio of a greeting file in a form that browsers play."""
    return reverse("console-greeting-audio", args=[greeting.public_id])


def queue_address(queue_pk: int) -> str:
    """The page of a queue."""
    return reverse("admin:queues_queue_change", args=[queue_pk])
