"""The two runs of a proof, and what each reports; see `app/core/proof.py` for the shapes.

    prove   /in/proof.json, /in/source.lean                       report, and export.txt among the artifacts
    replay  /in/proof.json, /in/challenge.txt, /in/solution.txt   report

proof.json names the theorem and the modules that may be imported. `Init` always may: a source without it could declare the
numbers that the kernel computes with by itself.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import sys
from pathlib import Path
from typing import Any

from . import text
from .compare import Export, readable, statements
from .doubt import doubt
from .feed import feed
from .lean import SITE, compile_source, run_program
from .module import Module
from .olean import Objects, UnreadableError
from .source import RefusedError, read_source
from .terms import Table

DETAIL_MAX, NAME_MAX, NAMES_MAX = 2000, 512, 256
PARTS = {"olean": "Proof.olean", "server": "Proof.olean.server", "private": "Proof.olean.private"}
SCOPE = "solution+direct-base"


def main() -> int:
    """Do what the first argument says with the file that the second names; returns 0 when a report was written."""
    what, given = sys.argv[1:3]
    inputs = Path(given).parent
    wanted = json.loads(Path(given).read_text(encoding="utf-8"))
    folder = Path(os.environ["TMPDIR"]) / "lean"
    folder.mkdir()
    report = prove(wanted, inputs, folder) if what == "prove" else replay(wanted, inputs, folder)
    Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps(report), encoding="utf-8")
    return 0


def prove(wanted: dict[str, Any], inputs: Path, folder: Path) -> dict[str, Any]:
    """Compile a source and export what it declares."""
    report: dict[str, Any] = {"format": "assay-proof-prove-v1", "stage": "ok", "detail": ""}
    try:
        source = read_source((inputs / "source.lean").read_bytes())
    except RefusedError as error:
        return {**report, "stage": "refused", "detail": _short(str(error), DETAIL_MAX)}
    allowed = {"Init", *wanted["imports"]}
    report["imports"] = [_short(name, NAME_MAX) for name in source.imports][:NAMES_MAX]
    report["flags"] = list(source.flags)
    denied = next((name for name in source.imports if name not in allowed), None)
    if denied is not None:
        return _denied(report, denied)
    code, messages = compile_source(folder, source.text)
    report["messages"] = {"error": messages.error, "warning": messages.warning, "has_sorry": messages.has_sorry}
    report["first"] = messages.first
    parts = [folder / name for name in PARTS.values()]
    if code or messages.error or not all(path.is_file() for path in parts):
        said = "" if messages.error else f"Lean ended with {code} and wrote no module"
        return {**report, "stage": "compile", "detail": said}
    try:
        return {**report, **_export(parts, allowed, report)}
    except (UnreadableError, RecursionError, OSError) as error:
        return {**report, "stage": "export", "detail": _short(str(error), DETAIL_MAX)}


def _export(parts: list[Path], allowed: set[str], report: dict[str, Any]) -> dict[str, Any]:
    """Write the export of a compiled module, unless it imports what it may not: the text of a source can be read wrongly."""
    read = [path.read_bytes() for path in parts]
    objects, table = Objects(read), Table()
    module = Module(objects, table)
    for name in module.imports:
        if table.written(name) not in allowed:
            return _denied(report, table.written(name))
    declarations = module.declarations()
    data = text.write(declarations, table).encode()
    output = Path(os.environ["ASSAY_OUTPUT"])
    output.mkdir(exist_ok=True)
    (output / "export.txt").write_bytes(data)
    return {
        "declarations": len(declarations),
        "parts": {name: _digest(part) for name, part in zip(PARTS, read, strict=True)},
        "export": _digest(data),
        "lean": {"version": objects.version, "commit": objects.commit},
    }


def replay(wanted: dict[str, Any], inputs: Path, folder: Path) -> dict[str, Any]:
    """Give every declaration of the solution to the kernel, and compare its statement with the challenge's."""
    report: dict[str, Any] = {"format": "assay-proof-replay-v1", "stage": "ok", "detail": ""}
    table, exports = Table(), {}
    for stage in ("challenge", "solution"):
        try:
            found = text.read((inputs / f"{stage}.txt").read_bytes(), table)
        except text.ExportError as error:
            return {**report, "stage": stage, "detail": _short(str(error), DETAIL_MAX)}
        exports[stage] = Export(table, tuple(found))
    challenge, solution = exports["challenge"], exports["solution"]
    unsure = doubt(solution)
    if unsure is not None:
        return {**report, "stage": "solution", "detail": _short(unsure, DETAIL_MAX)}
    theorem = solution.theorem(wanted["theorem"])
    report["theorem"] = {
        "challenge": challenge.theorem(wanted["theorem"]) is not None,
        "solution": theorem is not None,
        "is_theorem": theorem is not None and theorem.kind == "theorem",
    }
    compared = statements(wanted["theorem"], challenge, solution)
    report["statement"] = "same" if compared is not None and compared.same else "differs"
    if compared is not None:
        report["statement_sha256"] = compared.digest
        report["definitions"] = [_short(name, NAME_MAX) for name in compared.definitions][:NAMES_MAX]
    own, library = solution.reached([theorem.name] if theorem is not None else [], proofs=True)
    axioms = {
        readable(table, item.name) for item in map(solution.declarations.__getitem__, own) if item.kind == "axiom"
    }
    return _judged(report, wanted, solution, library, axioms, folder)


def _judged(  # noqa: PLR0913 - what was found so far
    report: dict[str, Any], wanted: dict[str, Any], solution: Export, library: set[int], axioms: set[str], folder: Path
) -> dict[str, Any]:
    """Let the kernel say what it accepts, and the library what it rests on."""
    (folder / "feed").write_text(feed(solution, library), encoding="utf-8", newline="")
    nonce = secrets.token_hex(16)
    modules = sorted({"Init", *wanted["imports"]})
    said = run_program(folder, Path(__file__).parent / "judge.lean", ["feed", nonce, *modules], nonce)
    if not said or said[-1][0] != "done" or said[-1][1] != str(len(solution.declarations)):
        return {**report, "stage": "solution", "detail": "Lean's kernel ended before it had seen every declaration"}
    rejected = None
    for kind, *rest in said:
        if kind == "axiom":
            axioms.add(rest[0])
        elif kind == "rejected":
            item = solution.declarations[int(rest[0])]
            name = _short(readable(solution.table, item.names()[0]), NAME_MAX)
            if rest[1].startswith("="):  # the kernel did not say that it is wrong
                return {
                    **report,
                    "stage": "solution",
                    "detail": f"the kernel could not decide on {name}: {rest[1][1:]}",
                }
            rejected = rejected or {"name": name, "message": _short(rest[1], DETAIL_MAX)}
    facts = json.loads((SITE / "assay_prover/facts.json").read_text(encoding="utf-8"))["proof"]
    return {
        **report,
        "declarations": len(solution.declarations),
        "rejected": rejected,
        "sorry": "sorryAx" in axioms,
        "axioms": sorted(_short(name, NAME_MAX) for name in axioms)[:NAMES_MAX],
        "axioms_scope": SCOPE,
        "negation": False,
        "lean": {"version": facts["lean_version"], "commit": facts["lean_commit"]},
    }


def _denied(report: dict[str, Any], name: str) -> dict[str, Any]:
    said = f"the source imports {name}, which the claim does not list"
    return {**report, "stage": "imports", "denied": _short(name, NAME_MAX), "detail": _short(said, DETAIL_MAX)}


def _digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _short(said: str, most: int) -> str:
    return said.encode("utf-8", "replace").decode()[:most] or "?"
