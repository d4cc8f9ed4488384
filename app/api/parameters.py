"""Refuses parameters that an address does not read: whoever sends one takes it for a filter, and the answer for filtered.

Of a parameter that is there twice only the last would be read, so it is refused likewise; none is a list.
"""

from __future__ import annotations

from collections import Counter
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
    """Raise what the framework does for an unknown field, for every parameter that an address below `/v1` does not read.

    Only GET is asked: who delivers a webhook may have an address with parameters of its own.

    Raises:
        RequestValidationError: with one error for each name.

    """
    if request.method != "GET" or not request.query_params or not request.url.path.startswith(BELOW):
        return
    known, sent = declared(request.scope["route"]), [name for name, _ in request.query_params.multi_items()]
    refused = [
        {"type": kind, "loc": ("query", name), "msg": msg, "input": request.query_params[name]}
        for name, times in Counter(sent).items()
        for kind, msg, wrong in (
            ("extra_forbidden", "Extra inputs are not permitted", name not in known),
            ("repeated", "Input should be there once", name in known and times > 1),
        )
        if wrong
    ]
    if refused:
        raise RequestValidationError(refused)


def declared(route: BaseRoute) -> frozenset[str]:
    """Return the names of the parameters that a route reads."""
    if not isinstance(route, APIRoute):
        return frozenset()
    elsewhere = (Path, Header, Cookie)  # the fields of a model come as they are, each by itself
    return frozenset(
        item.alias for item in get_flat_params(route.dependant) if not isinstance(item.field_info, elsewhere)
    )
