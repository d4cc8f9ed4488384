"""What reports say of bundles of which nothing is known because the command ended before: why it did.

Whoever reads a pipeline's files sees neither our standard error nor, at some forges, our exit code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from app.core.errors import Problem, Refusal
from cli.bundles import problems_of
from cli.errors import ServiceError, way_in
from cli.exits import Exit, of_http
from cli.words import fit

if TYPE_CHECKING:
    from collections.abc import Sequence

USAGE = "usage"
_INTERRUPTED = (KeyboardInterrupt, typer.Abort, SystemExit, GeneratorExit)


def refused(reason: str, problems: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the fields of `assay verify --json` for a bundle that was refused."""
    return {**_nothing(reason), "blame": "author", "problems": list(problems)}


def of_error(error: BaseException) -> dict[str, Any]:
    """Return the fields of `assay verify --json` for a bundle whose turn never came because of an error."""
    if isinstance(error, Refusal):
        return refused(str(error), problems_of(error))
    if isinstance(error, typer.TyperException):
        text = fit(error.format_message())
        problem = Problem(None, None, "", USAGE, text, "mend the command line or the setting")
        return refused(str(text), problems_of(Refusal.of(problem)))
    return {**_nothing(why(error)), "state": _state(error)}


def why(error: BaseException) -> str:
    """Return why a command ended before its work was done."""
    if isinstance(error, ServiceError):
        return " ".join(filter(None, [str(error), way_in(error)]))
    if isinstance(error, _INTERRUPTED):
        return "The command was interrupted before the verdict."
    if isinstance(error, BrokenPipeError):
        return "The reader of the command's output went away before the verdict."
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'this machine'}: {error.strerror}."
    return str(error) or f"The command failed ({type(error).__name__}); its output has the reason."


def _state(error: BaseException) -> str:
    """Return a state that no service has for what was never handed in, and one without an end for what goes on."""
    if isinstance(error, ServiceError) and of_http(error.status) is Exit.AUTH:
        return "unsent"
    ended_early = isinstance(error, (*_INTERRUPTED, BrokenPipeError, TimeoutError))
    return "interrupted" if ended_early else "faulted"


def _nothing(reason: str) -> dict[str, Any]:
    nothing = dict.fromkeys(("status", "outcome", "reason_code", "seal", "isolation"))
    empty: dict[str, Any] = {name: [] for name in ("comparisons", "controls", "runs")}
    return {**nothing, **empty, "reason": reason, "blame": "service"}
