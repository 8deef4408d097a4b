from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from django.db import connection

from common.encryption import Undecryptable, decrypt, encrypt
from projects.models import ApiKey


def test_a_secret_is_read_back_with_an_older_key_after_rotation(settings):
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.PCC_ENCRYPTION_KEYS = [old]
    token = encrypt("s3cret")

    settings.PCC_ENCRYPTION_KEYS = [new, old]

    assert decrypt(token) == "s3cret"


def test_a_secret_cannot_be_read_with_other_keys(settings):
    token = encrypt("s3cret")
    settings.PCC_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]

    with pytest.raises(Undecryptable):
        decrypt(token)


def test_the_same_secret_never_looks_the_same_twice():
    assert encrypt("s3cret") != encrypt("s3cret")


def test_empty_stays_empty():
    assert encrypt("") == ""
    assert decrypt("") == ""


def test_the_database_holds_no_readable_key_secret(ours):
    key = ApiKey.objects.get(project=ours)
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM projects_apikey WHERE id = %s", [key.pk])
        (stored,) = cursor.fetchone()

    assert key.secret not in stored
    assert decrypt(stored) == key.secret
