"""Web assembly: `uvicorn app.main:create_app --factory`."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI

from app.actions import Parts
from app.api import health, problems, records, verifications
from app.api.access import LocalOnly
from app.api.problems import ProblemGuard
from app.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi.routing import APIRoute

DESCRIPTION = (
    "Re-runs published claims in a sealed sandbox and records verdicts that anyone can check again. "
    "Descriptive verification status only; not human peer review."
)


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the web application; the database is checked when it starts, not now."""
    settings = settings or Settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        parts = Parts.open(settings)
        parts.store.check()
        app.state.parts = parts
        yield
        parts.close()

    app = FastAPI(
        title="Assay",
        version="0.1.0",
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,  # the default pages load scripts from elsewhere
        redoc_url=None,
        max_body_size=settings.body_bytes_max,
        generate_unique_id_function=_operation_id,
    )
    problems.install(app)
    for router in (verifications.router, records.router, health.router):
        app.include_router(router)
    app.add_middleware(LocalOnly, settings=settings)
    app.add_middleware(ProblemGuard)
    return app


def _operation_id(route: APIRoute) -> str:
    """Return names such as `verifications_create`."""
    return f"{route.tags[0] if route.tags else 'assay'}_{route.name}"
