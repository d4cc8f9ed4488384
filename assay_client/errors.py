"""What can go wrong between a program and a service."""

from __future__ import annotations

import re
from typing import Any

_WORD = re.compile(r"[a-z]+(?=[ ,:;']|\.?$)")


class Unreachable(Exception):
    """No service answers at the address."""


class ServiceError(Exception):
    """The service refused or failed; carries the problem document (RFC 9457).

    Attributes:
        status: of the answer.
        problem: the document; empty where the answer held none.
        retry_after: seconds after which to ask again, where the service says so.

    """

    def __init__(self, status: int, problem: dict[str, Any], retry_after: float | None = None) -> None:
        detail = str(problem.get("detail", problem.get("title", f"the service answered {status}")))
        errors = [item for item in problem.get("errors", []) if isinstance(item, dict)]
        # Of several problems the service puts the first one into its detail; said once is enough.
        said = bool(errors) and detail.startswith(str(errors[0].get("detail", "\0")))
        super().__init__("\n".join([*([] if said else [detail]), *map(_line, errors)]))
        self.status = status
        self.problem = problem
        self.retry_after = retry_after


def _line(item: dict[str, Any]) -> str:
    where = str(item.get("in", ""))
    where = f"{where}:{item['line']}" if item.get("line") else f"{where}{item.get('pointer', '')}"
    remedy = f" {_sentence(_after_stop(str(item['remedy'])))}" if item.get("remedy") else ""
    return f"{where}: {_sentence(str(item.get('detail', '')))}{remedy}"


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!", "…")) else f"{text}."


def _after_stop(text: str) -> str:
    """Return a sentence as it stands behind another one: with a capital, unless it begins with a name or with code."""
    return text[:1].upper() + text[1:] if _WORD.match(text) else text
