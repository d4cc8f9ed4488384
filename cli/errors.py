"""What can go wrong between the command and a service.

Light to import: the command's door catches these before it knows which of the heavier modules a command needs.
"""

from __future__ import annotations

from typing import Any

from app.core.errors import sentence


class CannotServe(Exception):
    """The house could not be started or kept up; the message says why and what to do."""


class Unreachable(Exception):
    """No service answers at the address."""


class ServiceError(Exception):
    """The service refused or failed; carries the problem document."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        lines = [str(problem.get("detail", problem.get("title", f"the service answered {status}")))]
        lines += [_line(item) for item in problem.get("errors", []) if isinstance(item, dict)]
        super().__init__("\n".join(lines))
        self.status = status
        self.problem = problem


def _line(item: dict[str, Any]) -> str:
    where = str(item.get("in", ""))
    where = f"{where}:{item['line']}" if item.get("line") else f"{where}{item.get('pointer', '')}"
    remedy = f" {sentence(str(item['remedy']))}" if item.get("remedy") else ""
    return f"{where}: {sentence(str(item.get('detail', '')))}{remedy}"
