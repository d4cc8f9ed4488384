"""What the two kinds of a proof's runs report, as values. The bytes come from boxes that a stranger's text was in.

prove    one Lean file was compiled as a module, and what the compiler made was exported as text. Nothing in this report
         is believed: elaborating a file runs its code, in the same box as whoever writes the report
replay   in a fresh process, which never elaborated either file, the kernel was given every declaration of both exports.
         This report decides, because only our own program and data were in its box

Every text and list has a bound, keys that nobody knows are refused, and so are two values for one key.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import ConfigDict, Field, ValidationError

from app.core.model import Model

if TYPE_CHECKING:
    from collections.abc import Sequence

NAMES_MAX = 256

Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
Name = Annotated[str, Field(min_length=1, max_length=512)]
Text = Annotated[str, Field(max_length=2_000)]
Names = Annotated[tuple[Name, ...], Field(max_length=NAMES_MAX)]
Count = Annotated[int, Field(ge=0, le=1 << 40)]


class Reported(Model):
    """A part of a report: no value is turned into one of another type."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


T = TypeVar("T", bound=Reported)


class LeanVersion(Reported):
    """The Lean that a box says it has; what stands in a verdict is the manifest of its environment."""

    version: Annotated[str, Field(max_length=64)]
    commit: Annotated[str, Field(max_length=64)]


class Messages(Reported):
    """How many messages elaboration gave, and whether one says that the file uses `sorry`."""

    error: Count = 0
    warning: Count = 0
    has_sorry: bool = False


class First(Reported):
    """The first error: its line from 1, its column from 0, and what Lean said."""

    line: Count
    column: Count
    message: Annotated[str, Field(max_length=500)]


class Proved(Reported):
    """The report of a prove run.

    `stage` names the step at which it ended: `refused` for bytes that are never handed to Lean, `imports` for a module that
    the claim does not list, `compile` for errors, `export` for parts that cannot be written as text.
    """

    format: Literal["assay-proof-prove-v1"]
    stage: Literal["ok", "refused", "imports", "compile", "export"]
    detail: Text = ""
    imports: Names = ()
    denied: Name | None = None
    messages: Messages = Messages()
    first: First | None = None
    flags: Names = ()  # words of the source that people should look at; nothing is decided by them
    declarations: Count = 0
    parts: Annotated[dict[Name, Digest], Field(max_length=8)] = Field(default_factory=dict)
    export: Digest | None = None  # of the artifact `export.txt`
    lean: LeanVersion | None = None


class Rejected(Reported):
    """The declaration that the kernel rejected, and what it said."""

    name: Name
    message: Text


class KernelWord(Reported):
    """What one kernel of several said; without `rejected` it accepted every declaration."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    version: Annotated[str, Field(max_length=64)]
    rejected: Rejected | None = None


class Presence(Reported):
    """Whether an export holds the theorem, and whether the solution's is a theorem."""

    challenge: bool
    solution: bool
    is_theorem: bool


class Replayed(Reported):
    """The report of a replay run. `stage` names the export that cannot be read, where one cannot."""

    format: Literal["assay-proof-replay-v1"]
    stage: Literal["ok", "challenge", "solution"]
    detail: Text = ""
    declarations: Count = 0  # how many of the solution the kernel was given
    rejected: Rejected | None = None  # of several kernels by the first that rejected one
    kernels: Annotated[tuple[KernelWord, ...], Field(max_length=8)] = ()  # where there are several, each one's word
    theorem: Presence | None = None
    statement: Literal["same", "differs"] | None = None
    statement_sha256: Digest | None = None  # of the challenge's type and every definition of its own that this reaches
    definitions: Names = ()  # those that the statement reaches and that differ
    sorry: bool = False
    axioms: Names = ()
    axioms_scope: Annotated[str, Field(max_length=64)] = ""
    negation: bool = False
    lean: LeanVersion | None = None


class Unreportable(ValueError):
    """The bytes are no report of a proof's run; the message says why."""


def read_proved(text: str | None) -> Proved:
    """Return the report of a prove run.

    Raises:
        Unreportable: it is none.

    """
    return _read(Proved, text)


def read_replayed(text: str | None) -> Replayed:
    """Return the report of a replay run.

    Raises:
        Unreportable: it is none.

    """
    return _read(Replayed, text)


def _read(kind: type[T], text: str | None) -> T:
    if text is None:
        raise Unreportable("the run ended without writing $ASSAY_RESULT")
    try:
        text.encode("utf-8")
        document = json.loads(text, object_pairs_hook=_unique)
        return kind.model_validate_json(json.dumps(document))
    except UnicodeEncodeError:
        raise Unreportable("the report is not UTF-8") from None
    except RecursionError:
        raise Unreportable("the report nests too deeply") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise Unreportable(f"the report cannot be read at {_where(first['loc'])}: {first['msg']}") from None
    except ValueError as error:
        raise Unreportable(f"the report is no JSON: {error}") from None


def _where(path: Sequence[int | str]) -> str:
    return ".".join(str(part)[:80] for part in path) or "its top"


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) < len(pairs):
        raise ValueError("a key appears twice")
    return document
