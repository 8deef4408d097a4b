"""Console pages of what goes out."""

from webhooks.pages import delivery_admin, signing_admin, sms_admin

__all__ = ["delivery_admin", "signing_admin", "sms_admin"]
