"""The OpenAPI document, made of the doors: what it says is what the service reads and writes."""

from collections.abc import Sequence
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from adjudge import __version__
from adjudge.serving.http.door import COHORT, Door
from adjudge.serving.http.messages import MOST_SIBLINGS, Health
from adjudge.serving.http.metrics import TYPE
from adjudge.serving.http.refused import Problem

_REFUSALS: Final = {
    400: "not strict JSON, or nested too deeply",
    401: "the token is missing or wrong",
    403: "addressed by a name that is not this machine's, where there is no token",
    408: "the body did not arrive in time",
    413: "the body is too large, or has too many samples",
    415: "the body's type is not JSON",
    422: "the body is not what this door reads, or a sample cannot be scored as it is",
    429: "too many samples are waiting; Retry-After says when to come again",
    500: "the reward broke, or its failure policy is raise",
    503: "the service is ending; Retry-After says when to come again",
}
JSON: Final = "application/json"
LINES: Final = "application/x-ndjson"


def document(doors: Sequence[Door], *, has_token: bool) -> dict[str, Any]:
    """The document.

    Args:
        doors: all of them.
        has_token: requests need a token.
    """
    models = {Problem: "serialization", Health: "serialization"}
    asked: dict[type[BaseModel], str] = {}
    for door in doors:
        asked[door.request] = "validation"
        models[door.response] = "serialization"
        if door.line is not None:
            models[door.line] = "serialization"
    wanted: list[Any] = [*asked.items(), *models.items()]
    refs, schema = models_json_schema(wanted, ref_template="#/components/schemas/{model}")
    found: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "adjudge reward service", "version": __version__},
        "paths": {door.path: {"post": _operation(door, refs)} for door in doors} | _plain(refs),
        "components": {"schemas": schema.get("$defs", {})},
    }
    if has_token:
        found["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        found["security"] = [{"token": []}]
        found["paths"]["/healthz"]["get"]["security"] = []
    return found


def _operation(door: Door, refs: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    content = {JSON: {"schema": refs[(door.response, "serialization")]}}
    if door.line is not None:
        content[LINES] = {"schema": refs[(door.line, "serialization")]}
    operation: dict[str, Any] = {
        "summary": door.summary,
        "requestBody": {"required": True, "content": {JSON: {"schema": refs[(door.request, "validation")]}}},
        "responses": {"200": {"description": "The answer.", "content": content}}
        | {str(status): _refusal(why, refs) for status, why in sorted({**_REFUSALS, **door.refuses}.items())},
    }
    if door.has_cohort:
        operation["parameters"] = [
            {
                "name": COHORT,
                "in": "query",
                "required": False,
                "description": "Hold the response until so many with the same prompt are here; judge them together.",
                "schema": {"type": "integer", "minimum": 2, "maximum": MOST_SIBLINGS},
            }
        ]
    return operation


def _refusal(why: str, refs: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    return {"description": why, "content": {JSON: {"schema": refs[(Problem, "serialization")]}}}


def _plain(refs: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    health = {JSON: {"schema": refs[(Health, "serialization")]}}
    denied = {str(status): _refusal(_REFUSALS[status], refs) for status in (401, 403)}
    return {
        "/healthz": {
            "get": {
                "summary": "Whether the service takes requests. Needs no token.",
                "responses": {
                    "200": {"description": "It does.", "content": health},
                    "503": {"description": "It is ending.", "content": health},
                },
            }
        },
        "/metrics": {
            "get": {
                "summary": "Figures for Prometheus.",
                "responses": denied
                | {
                    "200": {"description": "Text.", "content": {TYPE.partition(";")[0]: {"schema": {"type": "string"}}}}
                },
            }
        },
        "/openapi.json": {
            "get": {
                "summary": "This document.",
                "responses": denied
                | {"200": {"description": "It.", "content": {JSON: {"schema": {"type": "object"}}}}},
            }
        },
    }
