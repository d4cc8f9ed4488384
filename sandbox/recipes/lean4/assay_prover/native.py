"""Lean for this processor, with the programs of others that check its proofs. All lie below /site, and none is ours.

    toolchain/           Lean itself; `lean` compiles, and runs our judge over its own kernel
    programs/lean4export writes a compiled module as text (`ndjson.py`), and everything under the theorem with it
    programs/comparator  a judge of its own: statement, axioms, and Lean's kernel over all of it, the library too
    programs/nanoda      a second kernel, where there is one

Theory of operation. A prove box compiles and exports; lean4export is told to write the theorem, and what comparator wants to
see beside it, which it said when the environment was built. In the replay box one text of each source is all that there is,
and three read it. Our judge is given what the library does not have, on top of the library: which that is, the library says
and not the text. comparator wants to build and export by itself, in a box that it makes; in their place it gets programs of
a line that answer with the texts, because the building was done in other boxes, and the box stands. nanoda gets the
solution's text alone, which is bound to the statement by the two others.

They are asked about proofs that lack nothing else: their no is the kernel's then. Who says neither yes nor no has failed,
and nothing is decided.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from . import ndjson
from .compare import ALLOWED, LEANS
from .feed import questions
from .lean import SITE
from .module import in_order
from .prover import DETAIL_MAX, Backend, Report, ask_kernel, digest, leave, short

if TYPE_CHECKING:
    from pathlib import Path

    from .terms import Declaration, Table

TOOLCHAIN, PROGRAMS = SITE / "toolchain", SITE / "programs"
FIXED = (4, 34, 0)  # the first Lean without the faults that `doubt` looks for
SAID_MAX = 1 << 20  # bytes of what a program says
YES = "Your solution is okay!"  # comparator's last line
#: nanoda's yes. It may have been unable to print something, which it was not asked for; it may not have skipped an axiom.
COUNTED = re.compile(r"^Checked \d+ declarations with no (errors$|typechecker errors, )", re.MULTILINE)
PANICKED = 101  # the exit code of a Rust program that gives up, as nanoda does at the first wrong declaration
PANIC = re.compile(r"panicked at (\S+):\d+:\d+:\n(.*)")
READING = "src/parser.rs"  # giving up there is no word on a proof
UNCAUGHT = "uncaught exception: "

#: What stands in the place of programs that comparator starts. Lake has nothing to build any more.
BOX = """#!/bin/sh
while [ "$1" != -- ]; do shift; done
shift
[ "$1" = lake ] && exit 0
exec "$@"
"""
EXPORTER = '#!/bin/sh\nexec cat "$ASSAY_EXPORTS/$1"\n'
NOTHING = "#!/bin/sh\n"
FINDER = '#!/bin/sh\ncommand -v "$1"\n'  # `which`, with which it looks for git


class NoWordError(Exception):
    """A program said neither yes nor no."""


def native(facts: dict[str, Any]) -> Backend:
    """Return what is peculiar to Lean for this processor, as the environment's facts describe it."""
    lean = {"version": facts["lean_version"], "commit": facts["lean_commit"]}
    numbers = re.match(r"(\d+)\.(\d+)\.(\d+)", facts["lean_version"])
    backend = Backend(
        start=start,
        parts=("Proof.olean",),
        export=lambda folder, wanted, _: export(folder, wanted["theorem"], facts),
        read=ndjson.read,
        own=lambda *_: [],
        further=lambda report, wanted, inputs, folder: further(report, wanted, inputs, folder, facts),
        doubtful=numbers is None or tuple(map(int, numbers.groups())) < FIXED,
        lean=lean,
        scope=facts["axioms_scope"],
    )
    return replace(backend, own=lambda table, exports, wanted, folder: own(table, exports, wanted, folder, backend))


def start(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """Start Lean."""
    return subprocess.Popen(
        [str(TOOLCHAIN / "bin/lean"), *arguments],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=variables(folder),
    )


def variables(folder: Path) -> dict[str, str]:
    """Return what programs around Lean are told: where it is, and where our module is."""
    place = {"HOME": str(folder), "TMPDIR": str(folder), "LEAN_PATH": str(folder), "LEAN_SYSROOT": str(TOOLCHAIN)}
    return {**place, "PATH": f"{TOOLCHAIN}/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}


def export(folder: Path, theorem: str, facts: dict[str, Any]) -> Report:
    """Write a compiled module as text.

    Raises:
        OSError: the exporter failed.

    """
    written = folder / "export.ndjson"
    command = [PROGRAMS / "lean4export", "--ignore-missing", "Proof", "--", *facts["targets"], theorem]
    with written.open("wb") as file:
        done = subprocess.run(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.PIPE, check=False,
            env=variables(folder),
        )  # fmt: skip
    if done.returncode:
        raise OSError(f"lean4export ended with {done.returncode}: {_last(done.stderr)}")
    data = written.read_bytes()
    leave(data)
    parts = {"olean": digest((folder / "Proof.olean").read_bytes())}
    lean = {"version": facts["lean_version"], "commit": facts["lean_commit"]}
    count = data.count(b'\n{"thm"') + data.count(b'\n{"def"')
    return {"declarations": count, "parts": parts, "export": digest(data), "lean": lean}


def own(
    table: Table, exports: list[list[Declaration]], wanted: Report, folder: Path, backend: Backend
) -> list[list[Declaration]]:
    """Return of each export what the library does not have, each declaration after those that it needs."""
    names = sorted({item.names()[0] for found in exports for item in found})
    said = ask_kernel(wanted, questions(table, names), folder, backend)
    if not said or said[-1] != ["done", "0"]:
        raise RuntimeError("Lean ended before it had said what its library has")
    known = {names[int(number)] for kind, number in said if kind == "known"}
    return [
        in_order([item for item in found if item.names()[0] not in known], table, _recursors(table, found))
        for found in exports
    ]


def _recursors(table: Table, found: list[Declaration]) -> dict[int, int]:
    """Return the name of each recursor that a group has at most, and of the type that it belongs to."""
    types = [one.name for item in found for one in item.group]
    return {table.name(("s", name, "rec")): name for name in types}


def further(report: Report, wanted: Report, inputs: Path, folder: Path, facts: dict[str, Any]) -> Report:
    """Ask whoever else is to be asked, when a proof lacks nothing but their word.

    Raises:
        NoWordError: one said neither yes nor no, or comparator's no is not its kernel's while Lean's kernel says no.

    """
    words = [{"name": "Lean", "version": facts["lean_version"], "rejected": report["rejected"]}]
    if not _clean(report):
        return {**report, "kernels": words}
    programs = facts["programs"]
    solution = inputs / "solution.txt"
    # Comparator knows no negation: it is asked for its kernel's word on the solution beside itself. Which statement is
    # proved is ours to say, here as elsewhere.
    beside = solution if report["statement"] != "same" else inputs / "challenge.txt"
    found = {"comparator": comparator(wanted["theorem"], beside, solution, folder)}
    if "nanoda" in programs:
        found["nanoda"] = nanoda(solution, folder)
    for name, no in found.items():
        message = None if no is None else {"name": wanted["theorem"], "message": short(no, DETAIL_MAX)}
        words.append({"name": name, "version": programs[name]["version"], "rejected": message})
    first = next((item["rejected"] for item in words if item["rejected"] is not None), None)
    return {**report, "rejected": first, "kernels": words}


def _clean(report: Report) -> bool:
    """Return whether a kernel's word is all that a proof lacks."""
    return (
        report["theorem"]["challenge"]
        and report["theorem"]["is_theorem"]
        and (report["statement"] == "same" or (report["negation"] and report["rejected"] is None))
        and not report["definitions"]
        and not report["sorry"]
        and set(report["axioms"]) <= LEANS
    )


def comparator(theorem: str, challenge: Path, solution: Path, folder: Path) -> str | None:
    """Return why comparator says no to the two texts; None when it says yes.

    Raises:
        NoWordError: it says neither.

    """
    exports = {"Challenge": challenge.read_bytes(), "Solution": solution.read_bytes()}
    done = compare(theorem, folder, EXPORTER, exports)
    said = done.stdout.decode("utf-8", "replace")
    if done.returncode == 0 and said.rstrip().endswith(YES):
        return None
    complaint = done.stderr.decode("utf-8", "replace").partition(UNCAUGHT)[2].strip()
    if done.returncode != 1 or not complaint:
        raise NoWordError(f"comparator ended with {done.returncode} and said neither yes nor no: {_last(done.stderr)}")
    return complaint


def compare(theorem: str, folder: Path, exporter: str, exports: dict[str, bytes]) -> subprocess.CompletedProcess[bytes]:
    """Run comparator with programs of ours in the places of its box, its exporter and git."""
    project = folder / "comparator"
    programs = project / "programs"
    programs.mkdir(parents=True, exist_ok=True)
    for name, data in exports.items():
        (project / name).write_bytes(data)
    for name, script in (("landrun", BOX), ("lean4export", exporter), ("git", NOTHING), ("which", FINDER)):
        (programs / name).write_text(script, encoding="utf-8")
        (programs / name).chmod(0o755)
    config = {
        "challenge_module": "Challenge",
        "solution_module": "Solution",
        "theorem_names": [theorem],
        "permitted_axioms": list(ALLOWED),
    }
    (project / "config.json").write_text(json.dumps(config), encoding="utf-8")
    known = variables(folder)
    told = {
        "COMPARATOR_LANDRUN": str(programs / "landrun"),
        "COMPARATOR_LEAN4EXPORT": str(programs / "lean4export"),
        "ASSAY_EXPORTS": str(project),
        "PATH": f"{programs}:{known['PATH']}",
    }
    return run([str(PROGRAMS / "comparator"), "config.json"], project, {**known, **told})


def nanoda(solution: Path, folder: Path) -> str | None:
    """Return why nanoda says no to an export; None when it says yes.

    Raises:
        NoWordError: it says neither.

    """
    config = {
        "export_file_path": str(solution),
        "use_stdin": False,
        "permitted_axioms": list(ALLOWED),
        "unpermitted_axiom_hard_error": True,
        "nat_extension": True,
        "string_extension": True,
        "print_success_message": True,
        "pp_to_stdout": False,
    }
    (folder / "nanoda.json").write_text(json.dumps(config), encoding="utf-8")
    done = run([str(PROGRAMS / "nanoda"), "nanoda.json"], folder, variables(folder))
    if done.returncode == 0 and COUNTED.search(done.stdout.decode("utf-8", "replace")):
        return None
    panic = PANIC.search(done.stderr.decode("utf-8", "replace"))
    if done.returncode != PANICKED or panic is None or panic[1] == READING:
        raise NoWordError(f"nanoda ended with {done.returncode} and said neither yes nor no: {_last(done.stderr)}")
    return panic[2].strip() or "it panicked"


def run(command: list[str], folder: Path, env: dict[str, str]) -> subprocess.CompletedProcess[bytes]:
    """Run a program to its end; of what it says the last is kept, on the disk and not in memory meanwhile."""
    with (folder / "said").open("w+b") as out, (folder / "complained").open("w+b") as err:
        code = subprocess.run(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=err, check=False, env=env
        ).returncode
        kept = []
        for file in (out, err):
            file.seek(max(0, file.seek(0, os.SEEK_END) - SAID_MAX))
            kept.append(file.read())
    return subprocess.CompletedProcess(command, code, *kept)


def _last(said: bytes) -> str:
    return " ".join(said.decode("utf-8", "replace").split())[-300:] or "nothing"
