"""Programs that call `/v1`: ours, theirs, and one with an account's token."""

from __future__ import annotations

import json
import time
from typing import Any

import jwt
import pytest
from django.test import Client

from projects.models import ApiKey
from projects.tokens import rest_token


class Program:
    """A program with a token, as curl would be."""

    def __init__(self, token: str, host: str = "localhost") -> None:
        self.client = Client(headers={"host": host})
        self.token = token

    def call(self, method: str, path: str, body: Any = None, **headers: Any) -> Any:
        """The response; a dict as body is sent as JSON, bytes are sent as they are."""
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        content_type = headers.pop("content_type", "application/json")
        auth = {"X-STRINGEE-AUTH": self.token} if self.token else {}
        return self.client.generic(method, path, data, content_type, headers={**auth, **headers})

    def ask(self, method: str, path: str, body: Any = None, **headers: Any) -> dict[str, Any]:
        """The JSON of a response that must have status 200."""
        response = self.call(method, path, body, **headers)
        assert response.status_code == 200, response.content
        assert response.headers["Content-Type"] == "application/json"
        answer: dict[str, Any] = response.json()
        return answer

    def get(self, path: str) -> dict[str, Any]:
        return self.ask("GET", path)

    def post(self, path: str, body: Any = None) -> dict[str, Any]:
        return self.ask("POST", path, body)

    def put(self, path: str, body: Any = None) -> dict[str, Any]:
        return self.ask("PUT", path, body)

    def delete(self, path: str, body: Any = None) -> dict[str, Any]:
        return self.ask("DELETE", path, body)


def key_of(project) -> ApiKey:
    return ApiKey.objects.get(project=project)


def account_token(account) -> str:
    claims = {"jti": f"{account.sid}-1", "iss": account.sid, "exp": int(time.time()) + 300, "rest_api": True}
    return jwt.encode(claims, account.secret, "HS256", headers={"cty": "stringee-api;v=1"})


@pytest.fixture
def api(ours) -> Program:
    """A program of our project."""
    return Program(rest_token(key_of(ours)).token)


@pytest.fixture
def their_api(theirs) -> Program:
    return Program(rest_token(key_of(theirs)).token)


@pytest.fixture
def account_api(ours) -> Program:
    """A program with the token of the account that owns our project."""
    return Program(account_token(ours.account))
