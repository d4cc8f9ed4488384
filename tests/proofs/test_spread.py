"""How the cases of the corpus are shared out between two processes: every source is one, and a unit stays together."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from tests.proofs.prover import UNIT
from tests.spread import unit_of

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CASES = """import os, pathlib, pytest

@pytest.mark.parametrize("name", [f"{unit}/{case}" for unit in "abcdef" for case in range(3)])
def test_it(name):
    pathlib.Path(name.replace("/", "-")).write_text(os.environ["PYTEST_XDIST_WORKER"])
"""
OTHER = CASES.replace('"abcdef"', '["other-a", "other-b"]').replace(
    "range(3)", "range(1)"
)  # few tests: handed out last


def pytest_of(folder: Path, *words: str) -> list[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def cases() -> list[str]:
    """Every case of the corpus, as pytest names it."""
    said = pytest_of(ROOT, "--collect-only", "tests/proofs/test_attacks.py", "tests/proofs/test_honest.py")
    return [line for line in said if "/" in line.partition("::")[2]]


def test_every_source_of_the_corpus_is_one_case(cases: list[str]) -> None:
    sources = Counter(path.stem for folder in ("attacks", "honest") for path in (HERE / folder).iterdir())
    assert Counter(re.sub(r"^.*/(\w+)\]$", r"\1", case) for case in cases) == sources


def test_a_unit_has_few_cases_and_one_challenge(cases: list[str]) -> None:
    units = Counter(map(unit_of, cases))
    assert max(units.values()) <= UNIT
    for case in cases:
        folder = "honest" if "honest" in case.partition("::")[0] else "attacks"
        challenge, name = re.findall(r"\[(\w+)\.\d+/(\w+)\]$", case)[0]
        assert f"\n-- challenge: {challenge}\n" in (HERE / folder / f"{name}.lean").read_text()


def test_two_processes_share_a_file_by_its_units_and_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\npythonpath = .\naddopts = --import-mode=importlib\n")
    (tmp_path / "tests/proofs").mkdir(parents=True)
    for name in ("conftest.py", "spread.py"):
        shutil.copy(ROOT / "tests" / name, tmp_path / "tests" / name)
    (tmp_path / "tests/proofs/test_attacks.py").write_text(CASES)
    (tmp_path / "tests/proofs/test_other.py").write_text(OTHER)
    pytest_of(tmp_path, "-n", "2", "--dist", "loadfile", "tests")
    workers = defaultdict(set)
    for path in tmp_path.glob("*-?"):
        workers[path.name.rpartition("-")[0].partition("-")[0]].add(path.read_text())
    assert {name: len(found) for name, found in workers.items()} == dict.fromkeys(["other", *"abcdef"], 1)
    assert set.union(*(workers[unit] for unit in "abcdef")) == {"gw0", "gw1"}
