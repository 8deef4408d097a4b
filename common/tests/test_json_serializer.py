from __future__ import annotations

import pickle

import pytest
from django.core.cache import cache

from common.json_serializer import JsonSerializer


@pytest.mark.parametrize("value", [None, 5, "Nguyễn", {"token": "a", "rows": [1, 2.5, True]}])
def test_value_comes_back_as_it_was(value):
    assert JsonSerializer().loads(JsonSerializer().dumps(value)) == value


def test_what_is_not_json_is_refused():
    with pytest.raises(TypeError):
        JsonSerializer().dumps(b"bytes")
    with pytest.raises(ValueError, match=r"codec|Expecting"):
        JsonSerializer().loads(pickle.dumps("a"))


def test_cache_keeps_json_in_redis_and_counts():
    cache.set("serializer-test", {"a": "b"}, 60)
    raw = cache._cache.get_client().get(cache.make_key("serializer-test"))
    cache.set("serializer-count", 1, 60)

    assert raw == b'{"a":"b"}'
    assert cache.get("serializer-test") == {"a": "b"}
    assert cache.incr("serializer-count") == 2
