"""One bundle and what came of it, with the lines of its `claim.toml`."""

from __future__ import annotations

import tomllib
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from app.core import toml_lines
from app.core.claim import CLAIM_BYTES_MAX
from app.core.complaint import complaint
from app.core.errors import Refusal
from app.intake import CLAIM_FILE, ArchiveLimits, read_archive

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ENDED = frozenset({"concluded", "cancelled", "faulted"})


@dataclass(frozen=True)
class Case:
    """What a report says of one bundle."""

    bundle: str  # the path as it was named
    name: str  # the claim's id; the bundle's own name where there is none to be read
    record: str | None  # the record's id
    statement: str
    uri: str  # of the folder, or of the archive; relative to the current folder where it lies below it
    archived: bool  # an archive: its files have no address of their own
    document: Mapping[str, Any]  # the fields of `assay verify --json`
    lines: Mapping[str, int] = field(default_factory=dict)  # metric -> line of its [[expect]]
    seconds: float = 0.0

    @property
    def status(self) -> str:
        """The verdict's status, or `REFUSED`, `CANCELLED`, `UNSENT`, `FAULTED`, `PENDING` where there is none."""
        if self.document["status"]:
            return str(self.document["status"])
        if "problems" in self.document:
            return "REFUSED"
        if self.document.get("state") in {"cancelled", "unsent"}:
            return str(self.document["state"]).upper()
        return "PENDING" if self.document.get("state", "faulted") not in ENDED else "FAULTED"

    @property
    def attempted(self) -> bool:
        """Whether anything of it was executed."""
        return bool(self.document["runs"])

    @property
    def complaint(self) -> tuple[str, list[str]] | None:
        """The run whose last words say why nothing was measured, and these lines of a stranger; None: nothing to say."""
        return complaint(self.document["comparisons"], self.document["runs"])

    @property
    def line(self) -> int | None:
        """The line of the first [[expect]]."""
        return min(self.lines.values(), default=None)

    def file(self, name: str = CLAIM_FILE) -> str:
        """Return the address of a file of the bundle; of an archive's, that of the archive."""
        return self.uri if self.archived else f"{self.uri}/{quote(name)}".removeprefix("./")


def case_of(path: Path, document: Mapping[str, Any], seconds: float) -> Case:
    """Return the case of a bundle; what cannot be read of its claim is left out.

    Args:
        path: a bundle folder or an archive.
        document: the fields of `assay verify --json`.
        seconds: what it took.

    """
    text, archived = _claim_text(path), not path.is_dir()
    claim: dict[str, Any] = {}
    lines: dict[str, int] = {}
    if text is not None and toml_lines.too_deep(text) is None:
        with suppress(tomllib.TOMLDecodeError, RecursionError, ValueError):
            claim = tomllib.loads(text)
            lines = _lines(claim, text)
    said = _table(claim, "claim")
    return Case(
        bundle=str(path),
        name=_text(said, "id") or path.resolve().name,
        record=_text(_table(claim, "record"), "id"),
        statement=_text(said, "statement") or "",
        uri=_uri(path),
        archived=archived,
        document=document,
        lines={} if archived else lines,
        seconds=seconds,
    )


def verdict_fields(verification: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of `assay verify --json` for a verification of a service, with its `state`, `id` and `urls`."""
    verdict = verification["verdict"]
    said = verdict or verification
    return {
        "status": verdict["status"] if verdict else None,
        "outcome": verdict["outcome"] if verdict else None,
        "reason_code": said["reason_code"],
        "reason": verdict["reason"] if verdict else verification["detail"] or f"It is {verification['state']}.",
        "blame": said["blame"],
        "seal": verification["seal"],
        "comparisons": verdict["comparisons"] if verdict else [],
        "controls": verdict["controls"] if verdict else [],
        "runs": [run for run in verification["runs"] if run["outcome"] is not None],
        "isolation": next((run["isolation"] for run in verification["runs"] if run["isolation"]), None),
        **{name: verification[name] for name in ("id", "state", "urls")},
    }


def _claim_text(path: Path) -> str | None:
    """Return a bundle's `claim.toml`; None when there is none that could be read."""

    def keep(name: str, chunks: Iterator[bytes]) -> bytes:
        data = b"".join(chunk for chunk in chunks if name.endswith(CLAIM_FILE))
        return data[: CLAIM_BYTES_MAX + 1]

    data = None
    with suppress(OSError, Refusal):
        if path.is_dir():
            with (path / CLAIM_FILE).open("rb") as file:
                data = file.read(CLAIM_BYTES_MAX + 1)
        else:
            with path.open("rb") as file:
                data = read_archive(file, ArchiveLimits(), keep).get(CLAIM_FILE)
    if data is None or len(data) > CLAIM_BYTES_MAX:
        return None
    return data.decode("utf-8-sig", "replace")


def _lines(claim: Mapping[str, Any], text: str) -> dict[str, int]:
    expected = claim.get("expect")
    if not isinstance(expected, list):
        return {}
    known = toml_lines.lines(text)
    return {
        str(item.get("metric", place)): toml_lines.line_of(known, ("expect", place))
        for place, item in reversed(list(enumerate(expected)))
        if isinstance(item, dict)
    }


def _table(claim: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = claim.get(key)
    return found if isinstance(found, dict) else {}


def _text(table: Mapping[str, Any], key: str) -> str | None:
    found = table.get(key)
    return found if isinstance(found, str) and found else None


def _uri(path: Path) -> str:
    absolute = path.resolve()
    here = Path.cwd().resolve()
    if absolute.is_relative_to(here):
        return quote(absolute.relative_to(here).as_posix())
    return absolute.as_uri()
