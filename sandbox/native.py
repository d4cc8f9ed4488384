"""Builds the environment of a native Lean from what the operator has: a toolchain, and the programs that check beside it.

    site/toolchain/     the toolchain as it stands, every file of it
    site/programs/      lean4export, comparator, and nanoda where there is one
    site/assay_prover/  our program, and facts.json: what was found

Nothing is fetched, and nothing of it runs outside of a box. In a box every program is asked who it is, and they are tried
together (`assay_prover/trial.py`): whoever does not fit is refused here, and not by every proof later. What the checker
is worth the operator states. `production` is refused to what cannot be it: a program that is none of this processor (so
no script that stands in for one), a Lean below the floor or revoked, a library without its proofs. The facts name
each program with its form, version and SHA-256, and the environment's digest covers all of it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sandbox.engine import Sandbox
from sandbox.entries import digest_of, entries, fingerprint
from sandbox.job import Job, SandboxFault, StagedFile
from sandbox.recipe import FOLDER, NATIVE, Recipe, own_files

if TYPE_CHECKING:
    from sandbox.job import Environment

NAME, BACKEND = NATIVE, "lean4-native"
SHARED = FOLDER / "lean4"  # where our program is, which both builds of Lean use
FACTS = "assay_prover/facts.json"
NEEDED = ("bin/lean", "lib/lean/Init.olean", "lib/lean/Lean/AddDecl.olean", "lib/lean/Lean/Util/CollectAxioms.olean")
ROOM_BYTES = 1 << 30  # beside what the toolchain has
TRIAL_MS, TRIAL_BYTES = 1_800_000, 4 << 30
SCHEMA = "assay-lean4-native-v1"
WHOLE = "solution+library"
ELF = b"\x7fELF\x02\x01"  # of 64 bits, the least significant byte first
MACHINES = {"x86_64": 62, "aarch64": 183}  # e_machine of the ELF specification
TRIAL = b"from assay_prover.trial import main\n\nraise SystemExit(main())\n"


@dataclass(frozen=True)
class Sources:
    """What the operator has, and what he says of it."""

    toolchain: Path
    exporter: Path
    comparator: Path
    second: Path | None  # nanoda
    assurance: Literal["production", "test"]
    floor: str  # the oldest Lean that is believed in production
    revoked: frozenset[str] = frozenset()  # commits of Lean

    @property
    def programs(self) -> dict[str, Path]:
        """The programs by the names that they get."""
        found = {"lean4export": self.exporter, "comparator": self.comparator}
        return found if self.second is None else {**found, "nanoda": self.second}


@dataclass(frozen=True)
class NativeRecipe(Recipe):
    """What the environment is built from."""

    sources: Sources = field(kw_only=True)

    @property
    def digest(self) -> str:
        """What moves when another environment would be built."""
        sources = self.sources
        said = [sources.assurance, sources.floor, *sorted(sources.revoked)]
        said += [f"{name} {_sha256(path)}" for name, path in sorted(sources.programs.items())]
        said += [f"{path.name} {_sha256(path)}" for path in own_files(SHARED)]
        return digest_of(entries(sources.toolchain), SCHEMA, *said)

    def furnish(self, site: Path, python: Environment) -> None:
        """See `Recipe`."""
        sources = self.sources
        shutil.copytree(sources.toolchain, site / "toolchain", symlinks=True)
        (site / "programs").mkdir()
        for name, path in sources.programs.items():
            shutil.copyfile(path, site / "programs" / name)
            (site / "programs" / name).chmod(0o755)
        for file in own_files(SHARED):
            target = site / file.relative_to(SHARED)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
        (site / FACTS).unlink()  # of another backend
        found = _asked(site, python)
        refuse(sources, found)
        (site / FACTS).write_text(
            json.dumps({"proof": _facts(sources, site, found)}, indent=2) + "\n", encoding="utf-8"
        )


def recipe(sources: Sources) -> NativeRecipe:
    """Return the recipe of what the operator has.

    Raises:
        SandboxFault: something of it is not there, or cannot be what it is said to be.

    """
    toolchain = sources.toolchain
    lacking = next((name for name in NEEDED if not (toolchain / name).is_file()), None)
    if lacking is not None:
        raise SandboxFault(
            f"{toolchain} is no whole toolchain of Lean: it lacks {lacking} (name its folder, as `lean --print-prefix` does)"
        )
    programs = {"lean": toolchain / "bin/lean", **sources.programs}
    for name, path in programs.items():
        if not path.is_file() or not os.access(path, os.X_OK):
            raise SandboxFault(f"{name} is not at {path}, or is no program (build it, and name the file)")
        form = form_of(path)
        if form.startswith("ELF") and form != _ours():
            raise SandboxFault(f"{path} is of another processor: {form}, and this host is {_ours()}")
        if sources.assurance == "production" and not form.startswith("ELF"):
            remedy = "name the program itself, or state ASSAY_LEAN_ASSURANCE=test"
            raise SandboxFault(f"{path} is no program of this processor, and so nothing for production ({remedy})")
    size = sum(path.lstat().st_size for path in toolchain.rglob("*"))
    return NativeRecipe(NAME, SHARED, {}, imports=("assay_prover",), room_bytes=size + ROOM_BYTES, sources=sources)


def form_of(program: Path) -> str:
    """Return what a program is: `ELF` with its processor, or `script` and the like."""
    with program.open("rb") as file:
        head = file.read(20)
    if head[: len(ELF)] != ELF or len(head) < 20:
        return "script" if head.startswith(b"#!") else "unknown"
    number = int.from_bytes(head[18:20], "little")
    return "ELF " + next((name for name, one in MACHINES.items() if one == number), f"machine {number}")


def _ours() -> str:
    return f"ELF {os.uname().machine}"


def _asked(site: Path, python: Environment) -> dict[str, Any]:
    """Let the programs say in a box who they are, and try them together.

    Raises:
        SandboxFault: they do not fit one another, or the trial did not end.
        NoIsolation: this host can make no box, and outside of one nothing is run.

    """
    environment = replace(python, name=NAME, site=str(site), fingerprint=fingerprint(site))
    script = StagedFile("/job/trial.py", TRIAL)
    job = Job(
        environment, (script.target,), (script,), wall_ms=TRIAL_MS, cpu_ms=TRIAL_MS, cpus=2, memory_bytes=TRIAL_BYTES
    )
    with Sandbox() as box:
        outcome = box.run(job)
    remedy = "look at the versions: exporter, comparator and second kernel are made for one Lean"
    if (outcome.kind, outcome.exit_code) != ("exited", 0) or outcome.result is None:
        said = outcome.stderr.decode("utf-8", "replace").strip().splitlines() or [outcome.limit or outcome.kind]
        raise SandboxFault(f"the trial of Lean ended without a word: {said[-1][:300]} ({remedy})")
    found: dict[str, Any] = json.loads(outcome.result)
    if "wrong" in found:
        raise SandboxFault(f"{found['wrong']} ({remedy})")
    facts: dict[str, Any] = found["facts"]
    return facts


def refuse(sources: Sources, found: dict[str, Any]) -> None:
    """Refuse what the operator does not believe, or what cannot be what he says.

    Raises:
        SandboxFault: this checker would decide nothing.

    """
    version, commit = found["lean_version"], found["lean_commit"]
    if commit in sources.revoked:
        raise SandboxFault(f"Lean {version} ({commit}) is revoked by ASSAY_PROOF_REVOKED (name another toolchain)")
    if sources.assurance != "production":
        return
    if _numbers(version) < _numbers(sources.floor):
        raise SandboxFault(
            f"Lean {version} is older than {sources.floor}, the oldest that is believed in production"
            " (name a newer toolchain, or state ASSAY_LEAN_ASSURANCE=test)"
        )
    if found["axioms_scope"] != WHOLE:
        raise SandboxFault(
            f"the library of {sources.toolchain} lacks its proofs, so axioms within are not seen (name a whole toolchain)"
        )


def _facts(sources: Sources, site: Path, found: dict[str, Any]) -> dict[str, Any]:
    """Return what the environment says of itself."""
    programs: dict[str, dict[str, str]] = {}
    for name, path in {
        "lean": site / "toolchain/bin/lean",
        **{one: site / "programs" / one for one in sources.programs},
    }.items():
        sha256 = _sha256(path)
        own = found["programs"].get(name, {})
        programs[name] = {
            "version": found["lean_version"] if name == "lean" else sha256[:16],
            **own,
            "form": form_of(path),
        }
        programs[name]["sha256"] = sha256
    return {
        "backend": BACKEND,
        "assurance": sources.assurance,
        **{name: found[name] for name in ("lean_version", "lean_commit", "platform", "axioms_scope", "targets")},
        "floor": sources.floor,
        "toolchain_sha256": digest_of(entries(site / "toolchain"), SCHEMA),
        "judge_sha256": _sha256(site / "assay_prover/judge.lean"),
        "programs": programs,
    }


def _numbers(version: str) -> tuple[int, ...]:
    """Return a version's numbers; what is no number is less than all others."""
    parts = version.partition("-")[0].split(".")
    return tuple(int(part) if part.isascii() and part.isdigit() else -1 for part in parts)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
