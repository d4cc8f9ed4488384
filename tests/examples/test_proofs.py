"""The proofs among the examples: each statement is approved, and then each gets the verdict that it should."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.environments.shipped import shipped
from tests.examples.approved import ROOT, verify_all

if TYPE_CHECKING:
    from sandbox import Environment

EXAMPLES = ROOT / "examples" / "lean4"
EXPECTED: dict[str, dict[str, str]] = tomllib.loads((EXAMPLES / "expected.toml").read_text())
CLAIMS: dict[str, dict[str, Any]] = {
    path.parent.name: tomllib.loads(path.read_text()) for path in sorted(EXAMPLES.glob("*/claim.toml"))
}


def test_every_proof_says_what_it_should_get_and_is_named_as_its_folder() -> None:
    assert list(EXPECTED) == list(dict.fromkeys([*EXPECTED, *CLAIMS]))
    assert {name: claim["claim"]["id"] for name, claim in CLAIMS.items()} == {name: name for name in EXPECTED}


def test_a_true_statement_stands_in_both_files_and_a_cheat_has_the_challenge_of_what_it_cheats_at() -> None:
    for name in EXPECTED.keys() - {"euler-primes"}:  # which is refuted
        challenge = (EXAMPLES / name / "challenge.lean").read_text()
        assert challenge.endswith(" := by sorry\n")
        stated = challenge.removesuffix("by sorry\n")[challenge.index("theorem Paper.") :]
        assert stated in (EXAMPLES / name / "solution.lean").read_text(), name
    cheated = {(EXAMPLES / name / "challenge.lean").read_bytes() for name in EXPECTED if name.startswith("cheat-")}
    assert cheated == {(EXAMPLES / "fermat-five" / "challenge.lean").read_bytes()}


def test_the_table_of_the_readme_says_what_each_proof_should_get() -> None:
    rows = re.findall(
        r"^\| \[([\w-]+)\]\(\1/solution\.lean\) \|.*\| ([A-Z]+) ([A-Z_]+) \|$",
        (EXAMPLES / "README.md").read_text(),
        re.MULTILINE,
    )
    assert {name: {"status": status, "reason_code": code} for name, status, code in rows} == EXPECTED


@pytest.fixture(scope="module")
def lean4(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return shipped("lean4", tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def verified(lean4: Environment, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Bundle -> what `assay verify --json` says about it, in a store that accepts a checker for tests."""
    own = {
        "ASSAY_HOME": str(tmp_path_factory.mktemp("home")),
        "ASSAY_ENVIRONMENTS": str(Path(lean4.site).parents[1]),
        "ASSAY_PROOF_ASSURANCE": "test",
    }
    return verify_all([EXAMPLES / name for name in EXPECTED], "challenge.lean", own)


@pytest.mark.box
@pytest.mark.slow
@pytest.mark.parametrize("name", EXPECTED)
def test_a_proof_gets_the_verdict_that_it_should(verified: dict[str, dict[str, Any]], name: str) -> None:
    found = verified[name]
    assert {key: found[key] for key in ("status", "reason_code")} == EXPECTED[name], found["reason"]
