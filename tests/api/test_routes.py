"""Every route says who may ask for it: a new one that does not is found here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fastapi.routing import APIRoute

from app.api.access import SAFE_METHODS
from app.api.callers import anybody, find_caller
from app.api.forms import find_sender
from app.main import create_app
from app.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from typing import Any

#: Begins and ends nothing but the login of whoever asks.
LOGINS = {"/login", "/logout"}


def calls(dependant: Any) -> Iterator[Any]:
    """Yield what a route depends on, however deep."""
    for item in dependant.dependencies:
        yield item.call
        yield from calls(item)


def rules(route: APIRoute) -> set[str]:
    """Return who may ask: `anybody`, `caller`, `login` for a form of a page, or the scope that is needed."""
    found = set()
    for call in calls(route.dependant):
        scope = getattr(call, "scope", None)
        if scope is not None:
            found.add(str(scope))
        elif call is find_caller:
            found.add("caller")
        elif call is find_sender:
            found.add("login")
        elif call is anybody:
            found.add("anybody")
    return found


def walk(routes: Iterable[Any]) -> Iterator[Any]:
    """Yield every route, those of included routers too."""
    for route in routes:
        inside = getattr(route, "original_router", None)
        if inside is None:
            yield route
        else:
            yield from walk(inside.routes)


@pytest.fixture(scope="module")
def routes(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    home: Path = tmp_path_factory.mktemp("routes")
    return list(walk(create_app(Settings(home=home)).routes))


def test_every_route_says_who_may_ask(routes: list[Any]) -> None:
    known = [route for route in routes if isinstance(route, APIRoute)]
    assert [route.path for route in routes if route not in known] == []
    assert len(known) > 40
    assert [route.path for route in known if not rules(route)] == []


def test_every_route_that_changes_something_needs_a_scope(routes: list[Any]) -> None:
    changing = [route for route in routes if isinstance(route, APIRoute) and not route.methods <= SAFE_METHODS]
    assert len(changing) >= 5
    open_to_all = {route.path for route in changing if not rules(route) - {"caller", "anybody", "login"}}
    assert open_to_all == LOGINS


def test_nobody_is_answered_alike_and_by_who_he_is_at_once(routes: list[Any]) -> None:
    assert [
        route.path for route in routes if isinstance(route, APIRoute) and {"anybody", "caller"} <= rules(route)
    ] == []
