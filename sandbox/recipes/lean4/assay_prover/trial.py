"""Asks the programs around a native Lean who they are, and tries whether they fit one another. Runs in a box, at the build.

A proof by a theorem of the library is compiled, exported and replayed, and every kernel must say yes. Then its export is
changed so that the proof is a proposition, and every kernel must say no. What an axiom behind the library's theorem tells is
whether the library has its proofs. Nothing of a stranger is here.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from . import ndjson
from .native import PROGRAMS, TOOLCHAIN, NoWordError, compare, native, run, variables
from .prover import Report, prove, replay
from .terms import Table

THEOREM = "AssayTrial.statement"
SOURCE = f"theorem {THEOREM} (p : Prop) : p ∨ ¬p := Classical.em p\n"
BEHIND = "Classical.choice"  # what is behind it
WHOLE, PART = "solution+library", "solution+direct-base"
VERSION = re.compile(r"Lean \(version ([^,\s]+), (?:([^,\s]+), )?commit ([0-9a-f]{7,40})")
NANODA = re.compile(r"nanoda\w* v?(\d[\w.+-]*)")
RECORDER = '#!/bin/sh\nfor item; do printf "%s\\n" "$item"; done > "$ASSAY_EXPORTS/asked"\nexit 1\n'
WANTED: Report = {"theorem": THEOREM, "imports": []}


class UnfitError(Exception):
    """The programs cannot be used together; the message says why."""


def main() -> int:
    """Write what was found, or what is wrong, as the result."""
    try:
        found: dict[str, Any] = {"facts": facts(Path(os.environ["TMPDIR"]))}
    except (UnfitError, NoWordError, OSError) as error:
        found = {"wrong": str(error)[:1000]}
    Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps(found), encoding="utf-8")
    return 0


def facts(base: Path) -> dict[str, Any]:
    """Return what the programs say of themselves.

    Raises:
        UnfitError: they cannot be used together.
        NoWordError: one of them says neither yes nor no.
        OSError: one cannot be started.

    """
    folders = [base / name for name in ("asked", "compiled", "right", "wrong")]
    for folder in folders:
        folder.mkdir()
    asked, compiled, right, wrong = folders
    found = _lean(asked)
    found["targets"] = _targets(asked)
    found["programs"] = {"comparator": {}}
    if (PROGRAMS / "nanoda").exists():
        found["programs"]["nanoda"] = {"version": _nanoda(asked)}
    found["axioms_scope"] = PART
    text = _exported(compiled, found)
    meta = ndjson.read_with_meta(text, Table())[0]
    fits = meta.lean_version == found["lean_version"] and meta.lean_commit.startswith(found["lean_commit"])
    if not fits:
        theirs, ours = f"{meta.lean_version} ({meta.lean_commit})", f"{found['lean_version']} ({found['lean_commit']})"
        raise UnfitError(f"lean4export was made for Lean {theirs}, and the toolchain is {ours}")
    found["lean_commit"] = meta.lean_commit  # `lean --version` shortens it in some versions
    found["programs"]["lean4export"] = {"version": meta.exporter, "format": meta.format}
    accepted = _replayed(right, text, text, found)
    refused = _replayed(wrong, text, _spoiled(text), found)
    if accepted["rejected"] is not None:
        raise UnfitError(f"a true proof was not accepted ({_words(accepted)})")
    if any(item["rejected"] is None for item in refused["kernels"]):
        raise UnfitError(f"a wrong proof was not rejected by all ({_words(refused)})")
    return {**found, "axioms_scope": WHOLE if BEHIND in accepted["axioms"] else PART}


def _lean(folder: Path) -> dict[str, Any]:
    said = run([str(TOOLCHAIN / "bin/lean"), "--version"], folder, variables(folder)).stdout.decode("utf-8", "replace")
    match = VERSION.search(said)
    if match is None:
        raise UnfitError(f"lean does not say which version it is: {said[-200:]!r}")
    version, platform, commit = match.groups()
    return {"lean_version": version, "lean_commit": commit, "platform": platform or ""}


def _targets(folder: Path) -> list[str]:
    """Return what comparator wants to see exported beside the theorem, which it says when it asks for an export."""
    done = compare(THEOREM, folder, RECORDER, {})
    try:
        module, mark, *names = (folder / "comparator/asked").read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        said = done.stderr.decode("utf-8", "replace")[-300:]
        raise UnfitError(f"comparator asked for no export, and ended with {done.returncode}: {said}") from None
    if (module, mark) != ("Challenge", "--") or THEOREM not in names:
        raise UnfitError(f"comparator asked for another export: {[module, mark, *names][:6]}")
    return [name for name in names if name != THEOREM]


def _nanoda(folder: Path) -> str:
    said = run([str(PROGRAMS / "nanoda"), "--help"], folder, variables(folder)).stdout.decode("utf-8", "replace")
    match = NANODA.match(said)
    if match is None:
        raise UnfitError(f"nanoda does not say which version it is: {said[:100]!r}")
    return match[1][:64]


def _exported(folder: Path, found: dict[str, Any]) -> bytes:
    """Return the export of the proof."""
    (folder / "source.lean").write_text(SOURCE, encoding="utf-8")
    report = prove(WANTED, folder, folder, native(found))
    if report["stage"] != "ok":
        raise UnfitError(f"a proof could not be compiled and exported: {report['detail'] or report.get('first')}")
    path = Path(os.environ["ASSAY_OUTPUT"]) / "export.txt"
    data = path.read_bytes()
    path.unlink()
    return data


def _replayed(folder: Path, challenge: bytes, solution: bytes, found: dict[str, Any]) -> Report:
    (folder / "challenge.txt").write_bytes(challenge)
    (folder / "solution.txt").write_bytes(solution)
    named = {name: {"version": "", **item} for name, item in found["programs"].items()}
    report = replay(WANTED, folder, folder, native({**found, "programs": named}))
    if report["stage"] != "ok" or len(report["kernels"]) == 1:  # the others are asked when nothing else is lacking
        raise UnfitError(f"an export could not be replayed: {report['detail'] or _lacking(report)}")
    return report


def _spoiled(text: bytes) -> bytes:
    """Return an export whose theorem has its own type for a proof."""
    names, lines = {0: ""}, []
    for line in text.decode().splitlines():
        item = json.loads(line)
        if "str" in item:
            names[item["in"]] = f"{names.get(item['str']['pre'], '?')}.{item['str']['str']}".lstrip(".")
        if "thm" in item and names.get(item["thm"]["name"]) == THEOREM:
            item["thm"]["value"] = item["thm"]["type"]
        lines.append(json.dumps(item))
    return ("\n".join(lines) + "\n").encode()


def _lacking(report: Report) -> str:
    return f"theorem {report['theorem']}, statement {report['statement']}, axioms {report['axioms']}"


def _words(report: Report) -> str:
    words = [(item["name"], item["rejected"]) for item in report["kernels"]]
    return "; ".join(f"{name}: {'yes' if no is None else no['message'][:200]}" for name, no in words)
