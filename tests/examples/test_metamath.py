"""The proofs in Metamath among the examples: each statement is approved, and then each gets the verdict that it should."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest

from tests.examples.approved import ROOT, verify_all

EXAMPLES = ROOT / "examples" / "metamath"
EXPECTED: dict[str, dict[str, str]] = tomllib.loads((EXAMPLES / "expected.toml").read_text())
CLAIMS: dict[str, dict[str, Any]] = {
    path.parent.name: tomllib.loads(path.read_text()) for path in sorted(EXAMPLES.glob("*/claim.toml"))
}
HONEST_FAILURE = "two-and-two-five"


def test_every_proof_says_what_it_should_get_and_is_named_as_its_folder() -> None:
    assert set(EXPECTED) == set(CLAIMS)
    assert {name: claim["claim"]["id"] for name, claim in CLAIMS.items()} == {name: name for name in EXPECTED}


def test_a_cheat_has_the_challenge_of_what_it_cheats_at() -> None:
    cheated = {(EXAMPLES / name / "challenge.mm").read_bytes() for name in EXPECTED if name.startswith("cheat-")}
    assert cheated == {(EXAMPLES / HONEST_FAILURE / "challenge.mm").read_bytes()}


def test_an_honest_solution_has_every_axiom_of_its_challenge_and_no_other() -> None:
    for name in (name for name in EXPECTED if not name.startswith("cheat-")):
        stated, proved = (
            re.findall(r"^.*\$[acfv] .*$", (EXAMPLES / name / file).read_text(), re.MULTILINE)
            for file in ("challenge.mm", "solution.mm")
        )
        assert stated == proved, name


def test_the_table_of_the_readme_says_what_each_proof_should_get() -> None:
    rows = re.findall(
        r"^\| \[([\w-]+)\]\(\1/solution\.mm\) \|.*\| ([A-Z]+) ([A-Z_]+) \|$",
        (EXAMPLES / "README.md").read_text(),
        re.MULTILINE,
    )
    assert {name: {"status": status, "reason_code": code} for name, status, code in rows} == EXPECTED


@pytest.fixture(scope="module")
def verified(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Bundle -> what `assay verify --json` says about it."""
    own = {"ASSAY_HOME": str(tmp_path_factory.mktemp("home"))}
    return verify_all([EXAMPLES / name for name in EXPECTED], "challenge.mm", own)


@pytest.mark.box
@pytest.mark.slow
@pytest.mark.parametrize("name", EXPECTED)
def test_a_proof_gets_the_verdict_that_it_should(verified: dict[str, dict[str, Any]], name: str) -> None:
    found = verified[name]
    assert {key: found[key] for key in ("status", "reason_code")} == EXPECTED[name], found["reason"]
