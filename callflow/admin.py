"""Console pages of calls."""

from callflow.pages import call_admin, offer_admin, question_admin, recording_admin

__all__ = ["call_admin", "offer_admin", "question_admin", "recording_admin"]
