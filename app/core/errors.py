"""Errors that carry their explanation.

Two kinds, never mixed: a `Refusal` is about what somebody sent us and names file, line and remedy; a `Fault` is our own
failure and says nothing about any claim. Neither knows an HTTP status or an exit code; the doors translate.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

_WORD = re.compile(r"[a-z]+(?=[ ,:;']|\.?$)")  # what is not followed so, such as a file or a key, is no word of prose

THIS_FOLDER = "this folder"  # which command lines call "."


def sentence(text: str) -> str:
    """Return a text with its full stop, unless it ends as a sentence does already."""
    return text if text.endswith((".", "?", "!", "…")) else f"{text}."


def after_stop(text: str) -> str:
    """Return a sentence as it stands behind another one: with a capital, unless it begins with a name or with code."""
    return text[:1].upper() + text[1:] if _WORD.match(text) else text


def explained(detail: str, remedy: str) -> str:
    """Return what is wrong and what to do about it as sentences."""
    return f"{sentence(detail)} {sentence(after_stop(remedy))}" if remedy else sentence(detail)


class AssayError(Exception):
    """Base of all errors that this product raises on purpose.

    Attributes:
        code: short kebab-case name, stable for programs.
        detail: what is wrong, as a sentence without its full stop.
        remedy: what to do about it, as a sentence without its full stop; may be empty.

    """

    def __init__(self, code: str, detail: str, remedy: str = "") -> None:
        super().__init__(explained(detail, remedy))
        self.code = code
        self.detail = detail
        self.remedy = remedy


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a document, and where."""

    file: str | None  # path in the bundle; None for a JSON body or the archive itself
    line: int | None  # 1-based, where the format has lines
    pointer: str  # RFC 6901 JSON pointer into the document, "" for the whole
    code: str
    detail: str
    remedy: str

    def __str__(self) -> str:
        """Return `claim.toml:12: detail. Remedy.`."""
        where = THIS_FOLDER if self.file == "." else self.file or self.pointer or "bundle"
        line = f":{self.line}" if self.line is not None else ""
        return f"{where}{line}: {explained(self.detail, self.remedy)}"


class Refusal(AssayError):
    """Input that is not accepted; nothing of it is stored. Carries every problem that could be found."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        first = problems[0]
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        super().__init__(first.code, f"{first.detail}{more}", first.remedy)
        self.problems = problems

    @classmethod
    def of(cls, *problems: Problem) -> Self:
        """Return a refusal of these problems."""
        return cls(problems)

    def __str__(self) -> str:
        """Return every problem on a line of its own."""
        return "\n".join(str(problem) for problem in self.problems)


class Fault(AssayError):
    """Our own failure: lost worker, broken bytes, no isolation. Never becomes a verdict.

    Attributes:
        reason_code: one of the service group of reason codes, such as `INTERNAL_ERROR`.

    """

    def __init__(self, code: str, detail: str, remedy: str = "", *, reason_code: str = "INTERNAL_ERROR") -> None:
        super().__init__(code, detail, remedy)
        self.reason_code = reason_code
