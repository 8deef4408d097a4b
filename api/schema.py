"""The description of `/v1` in OpenAPI 3.1, made from the same declarations that answer the calls."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Union

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry, ResolvedComponent
from rest_framework import serializers

from api.authentication import HEADER, QUERY_PARAMETER
from api.fields import COMMON, ID_MAX_LENGTH, Schema, reference_to

Endpoint = tuple[str, str, str, Callable[..., Any]]

PLAIN: Final[Mapping[object, Schema]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
}
TEXT: Final[Schema] = {"type": "string"}
WHOLE: Final[Schema] = {"type": "integer"}
RESULT: Final[Mapping[str, Schema]] = {"project": WHOLE, "message": TEXT, "msg": TEXT}
REFUSAL: Final[Schema] = {
    "type": "object",
    "description": "Why nothing was done. 1: invalid input; 2: it exists already (with the id of what exists); "
    "3: not found; 7: in use; 45: the token lacks rest_api. "
    "About calls: 4: the number shown is none of the project's; 6: no voice engine; 10: number format; 12: limits; "
    "14: not a number; 17: not allowed; 20: the agent is not found or in another call; 21: the agent cannot be rung; "
    "22: not in the state for it; of call2/stop 1: ended, 2: not found. With status 403, about the token: 1: absent; "
    "2, 3: unreadable; 4: wrong algorithm; 5: unknown or revoked key; 6: expired or wrongly signed.",
    "required": ["r", "message", "msg"],
    "properties": {
        "r": {"type": "integer", "minimum": 1},
        **RESULT,
        "usedBy": {"type": "array", "items": TEXT, "description": "With r 7: what leads to it."},
    },
    "additionalProperties": TEXT,
}


@dataclass(frozen=True)
class Description:
    """One call. `reply` are the keys of a success beside those that every success has; `shapes` are named parts."""

    summary: str
    reply: Mapping[str, Schema] = field(default_factory=dict)
    query: type[serializers.BaseSerializer[Any]] | None = None
    body: serializers.BaseSerializer[Any] | None = None
    raw_body: Schema | None = None
    shapes: tuple[type, ...] = ()
    whole_reply: Schema | None = None  # of a success that has no envelope
    file_types: tuple[str, ...] = ()  # of a success that is a file


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The token goes into a header or into the query."""

    target_class = "api.authentication.TokenAuthentication"
    name = ["token_header", "token_query"]  # noqa: RUF012

    def get_security_definition(self, auto_schema: AutoSchema) -> list[dict[str, Any]]:
        text = "A JWT with `rest_api: true`, signed with a project's API key (HS256, header `cty: stringee-api;v=1`)."
        return [
            {"type": "apiKey", "in": "header", "name": HEADER, "description": text},
            {"type": "apiKey", "in": "query", "name": QUERY_PARAMETER, "description": text},
        ]


class ApiSchema(AutoSchema):
    """Describes a call by asking its view."""

    def get_operation(
        self, path: str, path_regex: str, path_prefix: str, method: str, registry: ComponentRegistry
    ) -> dict[str, Any]:
        self.registry, self.path, self.method = registry, path, method
        self.get_auth()  # names the two places of the token among the components
        view: Any = self.view
        described: Description = view.describe(view.action)
        for shape in described.shapes:
            self._register(shape.__name__, shape_schema(shape))
        for name, schema in {**COMMON, "Refusal": REFUSAL}.items():
            self._register(name, schema)
        operation: dict[str, Any] = {
            "operationId": f"{view.path.replace('-', '_').replace('/', '_')}_{view.action}",
            "summary": described.summary,
            "tags": [view.path],
            "parameters": [*self._path_parameters(), *_query_parameters(described.query)],
            "security": [{"token_header": []}, {"token_query": []}],
            "responses": _responses(described),
        }
        if view.notes:
            operation["description"] = view.notes
        body = described.raw_body or self._body(described.body)
        return {**operation, "requestBody": body} if body else operation

    def _path_parameters(self) -> list[Schema]:
        if "{id}" not in self.path:
            return []
        return [{"name": "id", "in": "path", "required": True, "schema": {**TEXT, "maxLength": ID_MAX_LENGTH}}]

    def _body(self, body: serializers.BaseSerializer[Any] | None) -> Schema | None:
        if body is None:
            return None
        suffix = "" if body.instance is None else "Changes"
        reference = self._register(type(body).__name__ + suffix, body_schema(body))
        return {"required": body.instance is None, "content": {"application/json": {"schema": reference}}}

    def _register(self, name: str, schema: Schema) -> Schema:
        kind = ResolvedComponent.SCHEMA
        component = ResolvedComponent(name, kind, schema=schema, object=name)  # type: ignore[no-untyped-call]
        self.registry.register_on_missing(component)
        reference: Schema = component.ref
        return reference


def _responses(described: Description) -> Schema:
    if described.file_types:
        return _file_responses(described.file_types)
    success = {
        "type": "object",
        "required": ["r", *RESULT, *described.reply],
        "properties": {"r": {"const": 0}, **RESULT, **described.reply},
        "additionalProperties": False,
    }
    return {
        "200": _json(
            "Done, or refused with `r` other than 0.",
            {"oneOf": [described.whole_reply or success, reference_to("Refusal")]},
        ),
        "403": {"$ref": "#/components/responses/TokenRefused"},
        "default": {"$ref": "#/components/responses/NoCall"},
    }


def _file_responses(file_types: tuple[str, ...]) -> Schema:
    content: Schema = {kind: {} for kind in file_types}
    return {
        "200": {"description": "The file.", "content": content},
        "206": {"description": "The part of it that `Range` asks for.", "content": content},
        "304": {"description": "It has not changed."},
        "400": _json("There is no recording, and there will be none.", reference_to("Refusal")),
        "403": {"$ref": "#/components/responses/TokenRefused"},
        "404": _json("The recording is not ready yet.", reference_to("Refusal")),
        "416": {"description": "The range has no byte of the file."},
        "default": {"$ref": "#/components/responses/NoCall"},
    }


def shared_responses(result: Schema, generator: object, request: object, public: bool) -> Schema:
    """drf-spectacular hook: the responses that all calls have in common."""
    result["components"]["responses"] = {
        "TokenRefused": _json("The token opens nothing.", reference_to("Refusal")),
        "NoCall": _json("The path, the method or the size of the body is wrong.", reference_to("Refusal")),
    }
    return result


def canonical_paths(endpoints: list[Endpoint]) -> list[Endpoint]:
    """drf-spectacular hook: calls of `/v1` only, each under its shortest spelling."""
    return [
        (f"/v1/{callback.cls.path}{'/{id}' if '{id}' in path else ''}", regex, method, callback)  # type: ignore[attr-defined]
        for path, regex, method, callback in endpoints
        if hasattr(callback.cls, "describe")  # type: ignore[attr-defined]
    ]


def object_schema(properties: Mapping[str, Schema]) -> Schema:
    """An object with exactly these keys."""
    return {
        "type": "object",
        "required": list(properties),
        "properties": dict(properties),
        "additionalProperties": False,
    }


def shape_schema(hint: Any) -> Schema:
    """The JSON schema of a type as api.shapes and its users write them."""
    if hint in PLAIN:
        return dict(PLAIN[hint])
    if typing.is_typeddict(hint):
        return object_schema({name: shape_schema(of) for name, of in typing.get_type_hints(hint).items()})
    origin, of = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        return {"enum": list(of)}
    if origin is list:
        return {"type": "array", "items": shape_schema(of[0])}
    if origin in (Union, types.UnionType) and of[1:] == (types.NoneType,):
        return {"anyOf": [shape_schema(of[0]), {"type": "null"}]}
    raise TypeError(hint)


def body_schema(body: serializers.BaseSerializer[Any]) -> Schema:
    """What a body may hold; keys that are not named are ignored."""
    creates = body.instance is None
    fields: Mapping[str, Any] = body.fields  # type: ignore[attr-defined]
    schema: Schema = {
        "type": "object",
        "properties": {name: {**of.json_schema, **(_default(of) if creates else {})} for name, of in fields.items()},
    }
    required = [name for name, of in fields.items() if of.required and creates]
    return {**schema, "required": required} if required else schema


def _default(of: Any) -> Schema:
    return {} if of.required or of.cleared in (None, "") else {"default": of.cleared}


def _query_parameters(query: type[serializers.BaseSerializer[Any]] | None) -> list[Schema]:
    fields: Mapping[str, Any] = query().fields if query else {}  # type: ignore[attr-defined]
    return [
        {"name": name, "in": "query", "required": of.required, "schema": of.accepted[0]} for name, of in fields.items()
    ]


def _json(description: str, schema: Schema) -> Schema:
    return {"description": description, "content": {"application/json": {"schema": schema}}}
