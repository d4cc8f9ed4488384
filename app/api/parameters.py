"""Refuses parameters that an address does not read: whoever sends one takes it for a filter, and the answer for filtered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.exceptions import RequestValidationError
from fastapi.params import Cookie, Header, Path
from fastapi.routing import APIRoute

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

BELOW = "/v1/"


def refuse_unread(request: Request) -> None:
    """Raise what the framework does for an unknown field, for every parameter that an address below `/v1` does not declare.

    Only GET is asked: who delivers a webhook may have an address with parameters of its own.

    Raises:
        RequestValidationError: with one error for each name.

    """
    if request.method != "GET" or not request.query_params or not request.url.path.startswith(BELOW):
        return
    known = declared(request.scope["route"])
    unknown = [name for name in dict.fromkeys(request.query_params) if name not in known]
    if unknown:
        errors = [
            {
                "type": "extra_forbidden",
                "loc": ("query", name),
                "msg": "Extra inputs are not permitted",
                "input": request.query_params[name],
            }
            for name in unknown
        ]
        raise RequestValidationError(errors)


def declared(route: BaseRoute) -> frozenset[str]:
    """Return the names of the parameters that a route reads."""
    if not isinstance(route, APIRoute):
        return frozenset()
    elsewhere = (Path, Header, Cookie)  # the fields of a model come as they are, each by itself
    return frozenset(
        item.alias for item in get_flat_params(route.dependant) if not isinstance(item.field_info, elsewhere)
    )
