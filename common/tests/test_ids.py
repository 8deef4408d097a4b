from __future__ import annotations

import re

from common import ids


def test_ids_have_the_shapes_that_clients_have_seen():
    assert re.fullmatch(r"AG[A-Z0-9]{6}", ids.short_id("AG"))
    assert re.fullmatch(r"[A-Z0-9]{16}", ids.file_sid())
    assert re.fullmatch(r"[A-Z0-9]{10}-1[0-9]{12}\.mp3", ids.file_name("mp3"))
    assert re.fullmatch(r"SK\.0\.[A-Za-z0-9]{32}", ids.key_sid())
    assert re.fullmatch(r"AC[A-Za-z0-9]{32}", ids.account_sid())
    assert len(ids.key_secret()) == 43
