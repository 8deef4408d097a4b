"""The composition root: settings, addresses, processes and the console itself. Imported by nobody."""

from pcc_console.celery import app as celery_app

__all__ = ["celery_app"]  # Django's processes send tasks through this application
