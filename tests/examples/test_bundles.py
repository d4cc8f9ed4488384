"""Every example, verified in a real box, and what the examples promise about themselves."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
EXPECTED: dict[str, dict[str, str]] = tomllib.loads((EXAMPLES / "expected.toml").read_text())
RECORDS: dict[str, dict[str, Any]] = tomllib.loads((EXAMPLES / "records.toml").read_text())
CLAIMS: dict[str, dict[str, Any]] = {
    path.parent.name: tomllib.loads(path.read_text()) for path in sorted(EXAMPLES.glob("*/claim.toml"))
}
CHEAT = "hard-coded"
OTHER_CELL = "other-cell"  # names a cell in which another number stands

every_example = pytest.mark.parametrize("name", CLAIMS)
every_script = pytest.mark.parametrize("name", [n for n, c in CLAIMS.items() if c["reproduce"]["kind"] == "script"])
every_formula = pytest.mark.parametrize("name", [n for n, c in CLAIMS.items() if c["reproduce"]["kind"] == "formula"])


@pytest.fixture(scope="module")
def verified(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Bundle -> what `assay verify --json` says about it; one command for all of them but those that train for long."""
    environment = {**os.environ, "ASSAY_HOME": str(tmp_path_factory.mktemp("home"))}
    command = [sys.executable, "-m", "cli", "verify", "--json", *(str(EXAMPLES / name) for name in EXPECTED)]
    done = subprocess.run(command, cwd=EXAMPLES.parent, env=environment, capture_output=True, text=True, check=False)
    found = {Path(item["bundle"]).name: item for item in map(json.loads, done.stdout.splitlines())}
    assert found, done.stderr
    if "CI" not in os.environ and any(item["reason_code"] == "NO_ISOLATION" for item in found.values()):
        pytest.skip("this host cannot seal a run; `assay doctor` says why")
    return found


@pytest.mark.box
@pytest.mark.slow
@pytest.mark.parametrize("name", EXPECTED)
def test_an_example_gets_the_verdict_that_it_should(verified: dict[str, dict[str, Any]], name: str) -> None:
    found = verified[name]

    assert {key: found[key] for key in ("status", "reason_code")} == EXPECTED[name], found["reason"]


def test_every_bundle_says_what_it_should_get() -> None:
    assert set(EXPECTED) == set(CLAIMS)


@every_example
def test_a_claim_is_named_as_its_folder(name: str) -> None:
    assert CLAIMS[name]["claim"]["id"] == name


@every_example
def test_a_claim_and_its_publisher_say_the_same_about_their_record(name: str) -> None:
    record = CLAIMS[name]["record"]
    facts = RECORDS[record["id"]]

    assert (record["title"], record.get("doi")) == (facts["title"], facts.get("doi"))


def test_no_record_has_more_claims_than_its_publisher_counts() -> None:
    attached = [claim["record"]["id"] for claim in CLAIMS.values()]

    assert {name for name, facts in RECORDS.items() if attached.count(name) > facts["claims_total"]} == set()


def test_no_claim_is_attached_to_the_record_of_the_seed() -> None:
    """Nothing shows that either candidate is what that record claims, so nothing may make it look verified."""
    seed = next(name for name, facts in RECORDS.items() if facts.get("doi") == "10.5281/zenodo.20732155")

    assert seed not in {claim["record"]["id"] for claim in CLAIMS.values()}


@every_formula
def test_a_formula_says_that_its_numbers_are_transcribed(name: str) -> None:
    assert "as transcribed" in CLAIMS[name]["claim"]["statement"].lower()


@every_formula
def test_a_value_stands_in_the_cell_that_it_names(name: str) -> None:
    claim = CLAIMS[name]
    files = {source["id"]: source["file"] for source in claim.get("source", [])}
    wrong = []
    for value in claim["reproduce"]["values"].values():
        if "cell" not in value:
            continue
        cell = value["cell"]
        rows = {row["model"]: row for row in table(EXAMPLES / name / files[cell["source"]])}
        if rows[cell["row"]][cell["column"]] != value["value"]:
            wrong.append(cell)

    assert bool(wrong) is (name == OTHER_CELL), wrong


def table(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file, or of the one table in a Markdown file."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        piped = [line.strip(" |").replace(" | ", ",") for line in text.splitlines() if line.startswith("| ")]
        text = "\n".join(piped)
    return list(csv.DictReader(text.splitlines()))


@pytest.mark.parametrize(
    ("names", "copies"),
    [
        pytest.param(["xtreme-rows.csv", "cells.csv"], 12, id="XTREME rows"),
        pytest.param(["mgte-table-1.csv"], 2, id="mGTE table"),
        pytest.param(["scores.csv"], 3, id="scores of the mishaps"),
    ],
)
def test_a_table_that_lies_in_several_bundles_is_the_same_in_all(names: list[str], copies: int) -> None:
    found = [path.read_bytes() for name in names for path in EXAMPLES.glob(f"*/{name}")]

    assert (len(found), len(set(found))) == (copies, 1)


@every_script
def test_only_the_cheat_carries_its_expected_value_into_the_box(name: str) -> None:
    """Of two digits or more: a single digit is in every script. Inputs are data, and sources stay outside."""
    claim = CLAIMS[name]
    outside = {"claim.toml", *claim["reproduce"].get("inputs", []), *(item["file"] for item in claim.get("source", []))}
    entering = [path for path in sorted((EXAMPLES / name).iterdir()) if path.name not in outside]
    values = [item[key] for item in claim["expect"] for key in ("value", "low", "high") if key in item]
    told = [
        (path.name, value)
        for path in entering
        for value in values
        if sum(map(str.isdigit, value)) > 1 and _says(path.read_text(), value)
    ]

    assert bool(told) is (name == CHEAT), told


def _says(text: str, value: str) -> bool:
    bare = re.escape(value.removeprefix("0"))
    return re.search(rf"(?<![\d.])0?{bare}(?!\d)", text.replace("_", "").replace(",", "")) is not None


def test_the_tables_of_the_readme_say_what_each_example_should_get() -> None:
    rows = re.findall(
        r"^\| \[([\w.-]+)\]\(([^)]+)\) \|.*\| ([A-Z]+) ([A-Z_]+) \|", (EXAMPLES / "README.md").read_text(), re.MULTILINE
    )

    assert {name: {"status": status, "reason_code": code} for name, _, status, code in rows} == EXPECTED
    assert [(name, link) for name, link, _, _ in rows if link != f"{name}/claim.toml"] == []


def test_the_extract_is_the_one_that_its_readme_names() -> None:
    folder = EXAMPLES / "emoji-trigrams"
    named = re.search(r"SHA-256 of `names\.tsv` \| `([0-9a-f]{64})`", (folder / "README.md").read_text())

    assert named is not None
    assert named[1] == hashlib.sha256((folder / "names.tsv").read_bytes()).hexdigest()


def test_the_extract_comes_with_the_licence_that_lets_us_ship_it() -> None:
    licence = (EXAMPLES / "emoji-trigrams" / "LICENSE-UNICODE.txt").read_text()

    assert licence.startswith("UNICODE LICENSE V3\n")
    assert licence.rstrip().endswith("SPDX-License-Identifier: Unicode-3.0")
