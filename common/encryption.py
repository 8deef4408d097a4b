"""Values that we must be able to read back but that must not stand readable in the database."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models


class Undecryptable(Exception):
    """None of the keys in PCC_ENCRYPTION_KEYS opens this value."""


@lru_cache(maxsize=4)
def _cipher(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def encrypt(text: str) -> str:
    """Encrypt with the first key of PCC_ENCRYPTION_KEYS; empty text stays empty."""
    return _cipher(tuple(settings.PCC_ENCRYPTION_KEYS)).encrypt(text.encode()).decode() if text else ""


def decrypt(token: str) -> str:
    """Decrypt with any key of PCC_ENCRYPTION_KEYS. Raises Undecryptable."""
    if not token:
        return ""
    try:
        return _cipher(tuple(settings.PCC_ENCRYPTION_KEYS)).decrypt(token.encode()).decode()
    except InvalidToken as error:
        raise Undecryptable from error


if TYPE_CHECKING:
    TextField = models.TextField[str, str]
else:
    TextField = models.TextField


class EncryptedTextField(TextField):
    """Text that is encrypted in the database and readable in Python. Cannot be searched or compared."""

    def get_prep_value(self, value: Any) -> Any:
        return encrypt(super().get_prep_value(value) or "")

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str:
        return decrypt(value or "")
