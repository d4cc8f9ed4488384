"""The two runs of a proof, and what each reports; see `app/core/proof.py` for the shapes.

    prove   /in/proof.json, /in/source.lean                       report, and export.txt among the artifacts
    replay  /in/proof.json, /in/challenge.txt, /in/solution.txt   report

proof.json names the theorem and the modules that may be imported. `Init` always may: a source without it could declare the
numbers that the kernel computes with by itself.

How Lean is started, and what its modules are as text, differs between builds of Lean (`Backend`); everything else is shared.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import text
from .compare import Export, own_axioms, readable, statements
from .doubt import doubt
from .feed import feed
from .lean import compile_source, run_program, start_wasm
from .module import Module
from .olean import Objects, UnreadableError
from .source import RefusedError, read_source
from .terms import Declaration, Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from .lean import Start

DETAIL_MAX, NAME_MAX, NAMES_MAX = 2000, 512, 256
PARTS = {"olean": "Proof.olean", "server": "Proof.olean.server", "private": "Proof.olean.private"}
JUDGE = Path(__file__).parent / "judge.lean"

Report = dict[str, Any]


@dataclass(frozen=True)
class Backend:
    """What differs between builds of Lean."""

    start: Start
    parts: tuple[str, ...]  # files without which nothing was compiled
    export: Callable[[Path, Report, Report], Report]  # folder, what is wanted, report -> what is added to the report
    read: Callable[[bytes, Table], list[Declaration]]
    own: Callable[[Table, list[list[Declaration]], Report, Path], list[list[Declaration]]]  # without the library's
    further: Callable[[Report, Report, Path, Path], Report]  # report, what is wanted, inputs, folder -> report
    doubtful: bool  # whether the kernel is one of those that `doubt` is about
    lean: dict[str, str]  # version and commit
    scope: str  # where axioms are looked for


def prove(wanted: Report, inputs: Path, folder: Path, backend: Backend) -> Report:
    """Compile a source and export what it declares."""
    report: Report = {"format": "assay-proof-prove-v1", "stage": "ok", "detail": ""}
    try:
        source = read_source((inputs / "source.lean").read_bytes())
    except RefusedError as error:
        return {**report, "stage": "refused", "detail": short(str(error), DETAIL_MAX)}
    report["imports"] = [short(name, NAME_MAX) for name in source.imports][:NAMES_MAX]
    report["flags"] = list(source.flags)
    denied = next((name for name in source.imports if name not in allowed(wanted)), None)
    if denied is not None:
        return _denied(report, denied)
    code, messages = compile_source(folder, source.text, backend.start)
    report["messages"] = {"error": messages.error, "warning": messages.warning, "has_sorry": messages.has_sorry}
    report["first"] = messages.first
    if code or messages.error or not all((folder / name).is_file() for name in backend.parts):
        said = "" if messages.error else f"Lean ended with {code} and wrote no module"
        return {**report, "stage": "compile", "detail": said}
    try:
        return {**report, **backend.export(folder, wanted, report)}
    except (UnreadableError, RecursionError, OSError) as error:
        return {**report, "stage": "export", "detail": short(str(error), DETAIL_MAX)}


def allowed(wanted: Report) -> set[str]:
    """Return the modules that a source may import."""
    return {"Init", *wanted["imports"]}


def _export(folder: Path, wanted: Report, report: Report) -> Report:
    """Write the export of a compiled module, unless it imports what it may not: the text of a source can be read wrongly."""
    read = [(folder / name).read_bytes() for name in PARTS.values()]
    objects, table = Objects(read), Table()
    module = Module(objects, table)
    for name in module.imports:
        if table.written(name) not in allowed(wanted):
            return _denied(report, table.written(name))
    declarations = module.declarations()
    data = text.write(declarations, table).encode()
    leave(data)
    return {
        "declarations": len(declarations),
        "parts": {name: digest(part) for name, part in zip(PARTS, read, strict=True)},
        "export": digest(data),
        "lean": {"version": objects.version, "commit": objects.commit},
    }


def leave(data: bytes) -> None:
    """Leave an export among the artifacts."""
    output = Path(os.environ["ASSAY_OUTPUT"])
    output.mkdir(exist_ok=True)
    (output / "export.txt").write_bytes(data)


def replay(wanted: Report, inputs: Path, folder: Path, backend: Backend) -> Report:
    """Give every declaration of the solution to the kernel, and compare its statement with the challenge's."""
    report: Report = {"format": "assay-proof-replay-v1", "stage": "ok", "detail": ""}
    table, exports = Table(), list[list[Declaration]]()
    for stage in ("challenge", "solution"):
        try:
            exports.append(backend.read((inputs / f"{stage}.txt").read_bytes(), table))
        except text.ExportError as error:
            return {**report, "stage": stage, "detail": short(str(error), DETAIL_MAX)}
    found = backend.own(table, exports, wanted, folder)
    challenge, solution = (Export(table, tuple(items)) for items in found)
    return _compared(report, wanted, challenge, solution, inputs, folder, backend)


def _compared(  # noqa: PLR0913 - what was read
    report: Report,
    wanted: Report,
    challenge: Export,
    solution: Export,
    inputs: Path,
    folder: Path,
    backend: Backend,
) -> Report:
    """Compare the statements, then ask the kernel, then whoever else is asked."""
    unsure = doubt(solution) if backend.doubtful else None
    if unsure is not None:
        return {**report, "stage": "solution", "detail": short(unsure, DETAIL_MAX)}
    theorem = solution.theorem(wanted["theorem"])
    report["theorem"] = {
        "challenge": challenge.theorem(wanted["theorem"]) is not None,
        "solution": theorem is not None,
        "is_theorem": theorem is not None and theorem.kind == "theorem",
    }
    compared = statements(wanted["theorem"], challenge, solution)
    report["statement"] = "same" if compared is not None and compared.same else "differs"
    if compared is not None:
        report["negation"] = compared.negation
        report["statement_sha256"] = compared.digest
        report["definitions"] = [short(name, NAME_MAX) for name in compared.definitions][:NAMES_MAX]
    own, library = solution.reached([theorem.name] if theorem is not None else [], proofs=True)
    report = _judged(report, wanted, solution, library, own_axioms(solution, own), folder, backend)
    return backend.further(report, wanted, inputs, folder) if report["stage"] == "ok" else report


def ask_kernel(wanted: Report, tokens: str, folder: Path, backend: Backend) -> list[list[str]]:
    """Return what the judge says of a feed, over the modules that may be imported."""
    (folder / "feed").write_text(tokens, encoding="utf-8", newline="")
    nonce = secrets.token_hex(16)
    return run_program(folder, JUDGE, ["feed", nonce, *sorted(allowed(wanted))], nonce, backend.start)


def _judged(  # noqa: PLR0913 - what was found so far
    report: Report,
    wanted: Report,
    solution: Export,
    library: set[int],
    axioms: set[str],
    folder: Path,
    backend: Backend,
) -> Report:
    """Let the kernel say what it accepts, and the library what it rests on."""
    said = ask_kernel(wanted, feed(solution, library), folder, backend)
    if not said or said[-1][0] != "done" or said[-1][1] != str(len(solution.declarations)):
        return {**report, "stage": "solution", "detail": "Lean's kernel ended before it had seen every declaration"}
    rejected = None
    for kind, *rest in said:
        if kind == "axiom":
            axioms.add(rest[0])
        elif kind == "rejected":
            item = solution.declarations[int(rest[0])]
            name = short(readable(solution.table, item.names()[0]), NAME_MAX)
            if rest[1].startswith("="):  # the kernel did not say that it is wrong
                return {
                    **report,
                    "stage": "solution",
                    "detail": f"the kernel could not decide on {name}: {rest[1][1:]}",
                }
            rejected = rejected or {"name": name, "message": short(rest[1], DETAIL_MAX)}
    return {
        **report,
        "declarations": len(solution.declarations),
        "rejected": rejected,
        "sorry": "sorryAx" in axioms,
        "axioms": sorted(short(name, NAME_MAX) for name in axioms)[:NAMES_MAX],
        "axioms_scope": backend.scope,
        "lean": backend.lean,
    }


def _denied(report: dict[str, Any], name: str) -> dict[str, Any]:
    said = f"the source imports {name}, which the claim does not list"
    return {**report, "stage": "imports", "denied": short(name, NAME_MAX), "detail": short(said, DETAIL_MAX)}


def digest(data: bytes) -> str:
    """Return the digest of bytes, as reports name it."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def short(said: str, most: int) -> str:
    """Return a stranger's text, at most so long."""
    return said.encode("utf-8", "replace").decode()[:most] or "?"


def wasm(facts: dict[str, Any]) -> Backend:
    """Return what is peculiar to Lean as WebAssembly, whose library has no proofs."""
    return Backend(
        start=start_wasm,
        parts=tuple(PARTS.values()),
        export=_export,
        read=text.read,
        own=lambda _table, exports, _wanted, _folder: exports,
        further=lambda report, _wanted, _inputs, _folder: report,
        doubtful=True,
        lean={"version": facts["lean_version"], "commit": facts["lean_commit"]},
        scope="solution+direct-base",
    )
