"""Console pages of queues and business hours."""

from queues import queue_admin

__all__ = ["queue_admin"]
