"""Console pages of what goes out."""

from webhooks.pages import delivery_admin, question_admin, signing_admin, sms_admin

__all__ = ["delivery_admin", "question_admin", "signing_admin", "sms_admin"]
