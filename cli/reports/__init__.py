"""What a pipeline reads of verdicts: JUnit, SARIF, a job summary and annotations, all from the same cases.

A case is one bundle and what came of it, whether here (`assay verify`) or at a service (`assay submit --wait`). Texts in
it are strangers': each format escapes them for its own reader.

    case      one bundle, its verdict, and the lines of its claim      junit, sarif, summary, annotations   one format each
    endings   what is said of bundles whose turn never came
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from app.core.errors import Refusal
from cli.bundles import problems_of
from cli.reports import endings
from cli.reports.annotations import workflow_commands
from cli.reports.case import Case, case_of, verdict_fields
from cli.reports.junit import junit
from cli.reports.sarif import sarif
from cli.reports.summary import summary

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Account", "Case", "Reports", "case_of", "endings", "verdict_fields"]


@dataclass(frozen=True)
class Reports:
    """The files that a command was asked for; None: not wanted."""

    junit: Path | None = None
    sarif: Path | None = None
    summary: Path | None = None
    annotations: Path | None = None

    def check(self) -> None:
        """Refuse files that cannot be written before anything is run.

        Raises:
            typer.BadParameter: one is a folder, or its folder is not there.

        """
        for name in ("junit", "sarif", "summary", "annotations"):
            path: Path | None = getattr(self, name)
            if path is not None and (path.is_dir() or not path.parent.is_dir()):
                raise typer.BadParameter(
                    f"--{name} cannot be written to {path}: it is a folder, or its folder is missing"
                )

    @contextmanager
    def however_it_ends(self, account: Account) -> Iterator[None]:
        """Write what was asked for when the work ends, whether it was done, refused, failed or interrupted."""
        try:
            yield
        except BaseException as error:
            account.ended_by(error)
            raise
        finally:
            self.write(account.cases)

    def write(self, cases: Sequence[Case]) -> None:
        """Write what was asked for; a summary is put behind what its file holds, for a job's steps share one."""
        if self.junit is not None:
            self.junit.write_bytes(junit(cases))
        if self.sarif is not None:
            self.sarif.write_text(json.dumps(sarif(cases), indent=1) + "\n", encoding="utf-8")
        if self.annotations is not None:
            self.annotations.write_text(workflow_commands(cases), encoding="utf-8")
        if self.summary is not None:
            with self.summary.open("a", encoding="utf-8") as file:
                file.write(summary(cases))


@dataclass
class Account:
    """What is known of the bundles at some paths while a command works on them."""

    paths: Sequence[Path]
    found: list[Path] | None = None  # the bundles; None: they are still looked for
    cases: list[Case] = field(default_factory=list)  # of the first of them

    def ended_by(self, error: BaseException) -> None:
        """Give every bundle whose case is not closed one that says why."""
        if self.found is None and isinstance(error, Refusal):
            self.cases = _unfound(error)
            return
        self.cases = [_still_open(case, error) if case.status == "PENDING" else case for case in self.cases]
        unknown = self.paths if self.found is None else self.found[len(self.cases) :]
        self.cases += [case_of(path, endings.of_error(error), 0) for path in unknown]
        if not self.cases:
            self.cases = [case_of(path, endings.of_error(error), 0) for path in self.paths]


def _still_open(case: Case, error: BaseException) -> Case:
    reason = f"{case.document['reason']} {endings.why(error)}"
    return replace(case, document={**case.document, "reason": reason})


def _unfound(refusal: Refusal) -> list[Case]:
    """Return a case for every path at which a search was refused; it has no claim, so it is pointed at as a whole."""
    cases = []
    for item, told in zip(refusal.problems, problems_of(refusal), strict=True):
        fields = endings.refused(str(Refusal.of(item)), [{**told, "file": None}])
        cases.append(replace(case_of(Path(item.file or "."), fields, 0), archived=True, lines={}))
    return cases
