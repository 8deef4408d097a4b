"""Console pages of queues and business hours."""

from queues import hours_admin, queue_admin

__all__ = ["hours_admin", "queue_admin"]
