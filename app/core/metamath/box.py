"""The two runs of a Metamath proof; see `app/core/proof.py` for the shapes of their reports.

    prove   /in/proof.json, /in/source.mm                         report, and export.txt among the artifacts
    replay  /in/proof.json, /in/challenge.txt, /in/solution.txt   report

Nothing of a database is executed, so that `prove` only refuses what is none, and takes the comments out. The replay reads
both again, compares, and asks two verifiers: the program `metamath`, and our own.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from .kernel import GaveUpError, labels, rejected
from .reader import UNKNOWN, Assertion, Database, DatabaseError, IncludeError, closed, read, tokens, written

PROGRAM = "/usr/bin/metamath"
OWN = {"name": "assay", "version": "1"}
DETAIL_MAX, NAME_MAX, NAMES_MAX = 2000, 512, 256
SOURCE_BYTES_MAX = 1 << 20
SCOPE = "beyond the approved file"
_VERSION = re.compile(r"Metamath - Version (\S+)")
_ERROR = re.compile(r'^\?Error .*?label "([^"]+)"', re.DOTALL | re.MULTILINE)
_AFTER = re.compile(r"^ *\^+ *\n", re.MULTILINE)  # under the part of a proof that is shown
_ENDS = re.compile(r"^(All proofs in the database were verified|Warning: The following \$p statement)", re.MULTILINE)


def main() -> int:
    """Do what the first argument says with the file that the second names; returns 0 when a report was written."""
    what, given = sys.argv[1:3]
    inputs = Path(given).parent
    theorem = json.loads(Path(given).read_text(encoding="utf-8"))["theorem"]
    report = prove((inputs / "source.mm").read_bytes()) if what == "prove" else replay(inputs, theorem)
    Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps(report), encoding="utf-8")
    return 0


def prove(source: bytes) -> dict[str, Any]:
    """Read a source and export it."""
    report: dict[str, Any] = {"format": "assay-proof-prove-v1", "stage": "ok", "detail": ""}
    if len(source) > SOURCE_BYTES_MAX:
        detail = f"the source has {len(source)} bytes, and {SOURCE_BYTES_MAX} are read"
        return {**report, "stage": "refused", "detail": detail}
    try:
        words = tokens(source)
        found = read(words)
    except IncludeError as error:
        return {**report, "stage": "imports", "denied": error.file[:NAME_MAX] or "?", "detail": str(error)}
    except DatabaseError as error:
        return {**report, "stage": "refused", "detail": str(error)[:DETAIL_MAX]}
    data = written(words).encode("ascii")
    output = Path(os.environ["ASSAY_OUTPUT"])
    output.mkdir(exist_ok=True)
    (output / "export.txt").write_bytes(data)
    return {**report, "declarations": len(found.assertions), "export": "sha256:" + hashlib.sha256(data).hexdigest()}


def replay(inputs: Path, theorem: str) -> dict[str, Any]:
    """Compare two exports, and have the solution's proofs verified twice."""
    report: dict[str, Any] = {"format": "assay-proof-replay-v1", "stage": "ok", "detail": ""}
    both: dict[str, Database] = {}
    for stage in ("challenge", "solution"):
        try:
            words = tokens((inputs / f"{stage}.txt").read_bytes())
            both[stage] = read(words)
        except DatabaseError as error:
            return {**report, "stage": stage, "detail": str(error)[:DETAIL_MAX]}
    challenge, solution = both["challenge"], both["solution"]
    told = compared(theorem, challenge, solution)
    version, theirs = ask(written(closed(words)).encode("ascii"))
    try:
        ours = _named(rejected(solution))
    except GaveUpError as error:
        return {**report, **told, "stage": "solution", "detail": str(error)[:DETAIL_MAX]}
    said = [{"name": "metamath", "version": version, "rejected": theirs}, {**OWN, "rejected": ours}]
    return {
        **report,
        **told,
        "declarations": len(solution.assertions),
        "rejected": next((item["rejected"] for item in said if item["rejected"] is not None), None),
        "kernels": said,
    }


def compared(theorem: str, challenge: Database, solution: Database) -> dict[str, Any]:
    """Return what a report says of the statement and of what its proof rests on."""
    wanted, found = challenge.assertions.get(theorem), solution.assertions.get(theorem)
    told: dict[str, Any] = {
        "theorem": {
            "challenge": wanted is not None and wanted.kind == "p",
            "solution": found is not None,
            "is_theorem": found is not None and found.kind == "p",
        },
        "statement": "differs",
        "axioms_scope": SCOPE,
    }
    if wanted is None or found is None:
        return told
    used = reached(found, solution)
    differing = [item for item in used if item.kind == "a" and _known(item, challenge) is False]
    beyond = [item for item in used if item.kind == "a" and _known(item, challenge) is None]
    said = json.dumps([wanted.symbols, [[item.kind, *item.symbols] for item in wanted.needs], _pairs(wanted)])
    return {
        **told,
        "statement": "same" if _states(found, wanted) else "differs",
        "statement_sha256": "sha256:" + hashlib.sha256(said.encode()).hexdigest(),
        "definitions": sorted(item.label[:NAME_MAX] for item in differing)[:NAMES_MAX],
        "sorry": any(item.kind == "p" and UNKNOWN in "".join(item.proof) for item in used),
        "axioms": sorted(item.label[:NAME_MAX] for item in beyond)[:NAMES_MAX],
    }


def reached(item: Assertion, database: Database) -> list[Assertion]:
    """Return an assertion and every one that its proof uses, however far away."""
    open_, found = [item], {item.label: item}
    while open_:
        for label in labels(open_.pop()):
            other = database.assertions.get(label)
            if other is not None and label not in found:
                found[label] = other
                open_.append(other)
    return list(found.values())


def ask(database: bytes) -> tuple[str, dict[str, str] | None]:
    """Return the version of `metamath`, and which proof of a database it rejects.

    What it repeats of the text stands behind an error of its own, so that no text can make it seem content.

    Raises:
        RuntimeError: it said neither.

    """
    with tempfile.TemporaryDirectory() as home:  # with a name that the program's own language can say
        (Path(home) / "database.mm").write_bytes(database)
        command = [PROGRAM, "read database.mm", "verify proof *", "exit"]
        done = subprocess.run(command, cwd=home, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    said = done.stdout.decode("ascii", "replace")
    version = _VERSION.search(said)
    wrong = re.search(r"^\?", said, re.MULTILINE)
    if version is None or (wrong is None and _ENDS.search(said) is None):
        raise RuntimeError(f"metamath ended with {done.returncode} and said neither yes nor no")
    if wrong is None:
        return version[1], None
    named = _ERROR.search(said)
    detail = " ".join(_AFTER.split(said[wrong.start() :], maxsplit=1)[-1].partition("\n\n")[0].split())
    return version[1], {"name": named[1][:NAME_MAX] if named else "?", "message": detail[:DETAIL_MAX]}


def _known(item: Assertion, challenge: Database) -> bool | None:
    """Say whether an axiom is the challenge's; None when that has none of its label."""
    other = challenge.assertions.get(item.label)
    return None if other is None or other.kind != "a" else other.meaning == item.meaning


def _states(found: Assertion, wanted: Assertion) -> bool:
    """Whether a theorem says what was approved, or the same of more: fewer variables that must stay apart."""
    return found.meaning[:2] == wanted.meaning[:2] and found.apart <= wanted.apart


def _pairs(item: Assertion) -> list[list[str]]:
    return sorted(sorted(pair) for pair in item.apart)


def _named(found: tuple[str, str] | None) -> dict[str, str] | None:
    return None if found is None else {"name": found[0], "message": found[1][:DETAIL_MAX]}
