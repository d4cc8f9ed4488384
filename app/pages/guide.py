"""`/read`: how to read a verdict, with a picture that is drawn as every other one."""

from __future__ import annotations

from decimal import Decimal

from fastapi import APIRouter, Request, Response

from app.api.callers import ANYBODY, CallerDep
from app.core.bands import Band
from app.core.controls_catalogue import CATALOGUE, PROOF_CATALOGUE
from app.core.reasons import BLAME, PROOF_BLAME
from app.pages import words
from app.pages.band import Picture, Point
from app.pages.band_svg import both
from app.pages.shell import page_at, render, twin

router = APIRouter(include_in_schema=False)

#: Not a claim of anybody: an example of the picture.
EXAMPLE = Picture(
    "gain",
    "points",
    "tolerance=5.0%",
    Decimal("8.7"),
    "8.7",
    Band(Decimal("8.265"), Decimal("9.135")),
    (
        Point("seed 0", Decimal("8.52")),
        Point("seed 1", Decimal("9.31")),
        Point("seed 2", Decimal("12.4")),
        Point("seed 3", None, "timeout"),
    ),
)


@router.get("/read.json", dependencies=[ANYBODY])
async def read_json(request: Request) -> Response:
    """Answer with the words for programs."""
    return twin(
        request,
        {
            "status": words.STATUS,
            "kind": words.KIND,
            "controls": words.TRIED,
            "codes": words.CODE,
            "blame": words.BLAME,
            "note": words.MODEST,
        },
    )


@router.get("/read")
async def read(request: Request, caller: CallerDep) -> Response:  # noqa: ARG001 - whose name stands in its head
    """Answer with the page."""
    return page_at(request, ("guide",), _page)


def _page() -> bytes:
    return render(
        "guide.html", drawing=both(EXAMPLE, "example"), controls=CATALOGUE | PROOF_CATALOGUE, blame=BLAME | PROOF_BLAME
    )
