"""Web assembly: `uvicorn app.main:create_app --factory`."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI

from app import __version__, settings_words
from app.actions import Parts
from app.api import (
    api_keys,
    approvals,
    batches,
    blobs,
    contracts,
    front,
    health,
    hooks,
    keys,
    ledger,
    lists,
    opening,
    problems,
    records,
    runs,
    streams,
    verifications,
    webhooks,
)
from app.api.access import LocalOnly
from app.api.callers import Door
from app.api.description import describe, operation_id, spelled
from app.api.limits import Limiter
from app.api.methods import Methods
from app.api.problems import Problem, ProblemGuard
from app.api.rooms import Room
from app.core.errors import Fault
from app.pages.router import PageGuard
from app.pages.router import router as pages
from app.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import ASGIApp

log = logging.getLogger(__name__)

DESCRIPTION = (
    "Re-runs published claims in a sealed sandbox and records verdicts that anyone can check again. "
    "Descriptive verification status only; not human peer review."
)


class Service(FastAPI):
    """The web application: every error is a problem document, in answers and description, and a page for browsers."""

    def build_middleware_stack(self) -> ASGIApp:
        """Return the stack with the guards around everything, the framework's own body limiter included.

        HEAD is made of GET outside of them all: what answers it would have is then known whole, pages of problems too.
        """
        return Methods(PageGuard(ProblemGuard(super().build_middleware_stack())))

    def openapi(self) -> dict[str, Any]:
        """Return the description; what FastAPI does not know of it is added once."""
        if self.openapi_schema is None:
            describe(super().openapi(), self.routes)
        return self.openapi_schema or {}


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the web application; the database is checked when it starts, not now."""
    settings = settings or _of_environment()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        parts = Parts.open(settings)
        try:
            parts.store.check()
            app.state.parts = parts
            app.state.door = Door(parts)
            app.state.limiter = Limiter(settings)
            app.state.room = Room()
            yield
        finally:
            parts.close()

    app = Service(
        title="Assay",
        version=__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        openapi_url=None,  # answered at the front, to be kept
        docs_url=None,  # the default pages load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        max_body_size=settings.body_bytes_max,
        generate_unique_id_function=operation_id,
        responses={"default": {"model": Problem, "description": "any other error"}},
    )
    problems.install(app)
    app.include_router(pages)  # first: browsers find the feed where programs find the front door
    for router in (
        front.router,
        streams.streams,  # before the lists of the same addresses
        streams.router,
        lists.router,  # before the routes that would take `summary` for an id
        runs.router,
        batches.router,
        verifications.router,
        blobs.router,
        records.router,
        approvals.router,
        opening.router,
        ledger.router,
        contracts.router,
        keys.router,
        api_keys.router,
        webhooks.router,
        hooks.router,
        health.router,
    ):
        app.include_router(router)
    app.add_middleware(LocalOnly, settings=settings)
    return app


def _of_environment() -> Settings:
    """Return the settings of the environment; a process that has none that can be read ends with the reason."""
    for told in settings_words.misspelt(os.environ):
        log.warning("%s", told)
    try:
        return settings_words.read_settings()
    except Fault as fault:
        raise SystemExit(f"a setting is wrong: {fault}") from None


if __name__ == "__main__":  # `python -m app.main > openapi.json`
    sys.stdout.write(spelled(create_app().openapi()))
