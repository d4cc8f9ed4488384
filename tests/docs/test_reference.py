"""Reference pages and code say the same: every setting, key, code, control and path, in both directions."""

from __future__ import annotations

import ast
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from app.api.record_schemas import GateVerdict, RecordUrls
from app.api.schemas import Urls
from app.core import formula, gate
from app.core.claim import parse_claim
from app.core.claim_expect import KEYS
from app.core.codes import CONTRADICTIONS, MATCHES, SEVERITY
from app.core.controls_catalogue import CATALOGUE, PROOF_CATALOGUE
from app.core.errors import Refusal
from app.core.model import Blame, ControlResult, OutcomeKind, Rule, Status
from app.core.proof_judge import ACCEPTED, COUNTEREXAMPLE, REJECTED
from app.core.reasons import PROOF_BLAME
from app.core.verdict import BLAME
from app.main import create_app
from app.settings import DEFAULT_LIMITS, MAXIMUM_LIMITS, Settings
from cli.exits import Exit
from tests.docs.pages import ROOT, first_cells, read, rows, section

if TYPE_CHECKING:
    from collections.abc import Iterator

SETTINGS_TABLE = section("docs/operations.md", "## Settings")
POLICY = Settings().policy({"python": "sha256:" + "0" * 64})

# --- settings --------------------------------------------------------------------------------------------------------


def test_the_operators_page_lists_every_setting_and_no_other() -> None:
    assert first_cells(SETTINGS_TABLE) == {f"ASSAY_{name.upper()}" for name in Settings.model_fields}


@pytest.mark.parametrize(
    ("name", "default"),
    [
        pytest.param(name, field.default, id=name)
        for name, field in Settings.model_fields.items()
        if field.default not in ("", None) and not name.endswith("_limits")
    ],
)
def test_the_operators_page_gives_the_default_that_the_code_has(name: str, default: Any) -> None:
    (row,) = (cells for cells in rows(SETTINGS_TABLE) if cells[0] == f"`ASSAY_{name.upper()}`")
    spelled = json.dumps(default) if isinstance(default, list) else str(default)
    assert f"`{spelled}`" in row[1]


def test_a_setting_that_is_not_set_is_described_in_words() -> None:
    unset = {f"ASSAY_{name.upper()}" for name, field in Settings.model_fields.items() if field.default in ("", None)}
    assert all(row[1] for row in rows(SETTINGS_TABLE) if row[0].strip("`") in unset)
    assert len(unset) == 14


# --- reason codes ----------------------------------------------------------------------------------------------------

#: Upper-case words of the code that are no reason codes.
OTHER_WORDS = {
    "VERIFIED",
    "FALSIFIED",
    "UNVERIFIED",
    "GET",
    "HEAD",
    "OPTIONS",
    "POST",
    "PATCH",
    "NFC",
    "CLAIM_FILE",
    "REPOSITORY",
    "FSTRING_START",
    "FSTRING_END",
}


def codes_of_the_code() -> set[str]:
    """Return every reason code that the core, the workers and the store can give."""
    found = set(BLAME) | set(PROOF_BLAME) | set(SEVERITY)
    for folder in ("app", "workers"):
        for path in (ROOT / folder).rglob("*.py"):
            if path.parent.name == "contracts" or path.name in {
                "triggers.py",
                "upkeep.py",
                "settings.py",
                "queue.py",
            }:  # vocabularies of public contracts, SQL, names of the environment, names of queues
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and re.fullmatch(r"[A-Z][A-Z_]{2,}", str(node.value)):
                    found.add(str(node.value))
    return {word for word in found - OTHER_WORDS if not word.startswith("ASSAY_")}


def codes_of_the_page() -> dict[str, list[str]]:
    """Return code -> cells of its row."""
    found = {}
    for heading in (
        "### VERIFIED",
        "### FALSIFIED",
        "### UNVERIFIED, blame `author`",
        "### UNVERIFIED, blame `resource`",
        "### UNVERIFIED, blame `measurement`",
        "### UNVERIFIED, blame `service`",
        "## Codes without a verdict",
    ):
        table = rows(section("docs/verdicts.md", heading))
        assert table, heading
        found |= {cells[0].strip("`"): [heading, *cells] for cells in table}
    return found


def test_the_page_of_verdicts_lists_every_reason_code_and_no_other() -> None:
    assert codes_of_the_page().keys() == codes_of_the_code()


@pytest.mark.parametrize("code", sorted(codes_of_the_code()))
def test_a_reason_code_stands_under_its_own_blame(code: str) -> None:
    cells = codes_of_the_page()[code]
    if code in MATCHES | {ACCEPTED}:
        assert cells[0] == "### VERIFIED"
    elif code in CONTRADICTIONS | {REJECTED, COUNTEREXAMPLE}:
        assert (cells[0], cells[2]) == ("### FALSIFIED", f"`{(BLAME | PROOF_BLAME)[code].value}`")
    elif code in BLAME | PROOF_BLAME:
        assert cells[0] == f"### UNVERIFIED, blame `{(BLAME | PROOF_BLAME)[code].value}`"
    else:
        assert cells[0] == "## Codes without a verdict"
        assert cells[3] == ("none" if code == "CANCELLED" else f"`{Blame.SERVICE.value}`")


@pytest.mark.parametrize("name", [*CATALOGUE, *PROOF_CATALOGUE])
def test_a_control_is_described_with_what_it_cannot_prove(name: str) -> None:
    (cells,) = (row for row in rows(section("docs/verdicts.md", "## Controls")) if row[0].startswith(f"`{name}`"))
    assert (cells[1].strip("`"), cells[3]) == (CATALOGUE | PROOF_CATALOGUE)[name]


def test_every_result_of_a_control_and_every_exit_code_is_explained() -> None:
    assert set(ControlResult) <= first_cells(section("docs/verdicts.md", "## Controls"))
    told = {int(row[0]) for row in rows(section("docs/verdicts.md", "## Exit codes of the command"))}
    assert told == {int(item) for item in Exit}


def test_the_glossary_names_every_outcome() -> None:
    (cells,) = (row for row in rows(read("docs/glossary.md")) if row[0] == "outcome")
    assert set(re.findall(r"`(\w+)`", cells[1])) == {item.value for item in OutcomeKind}


# --- bundle ----------------------------------------------------------------------------------------------------------

UNHEARD = "0"  # like no key, so that the refusal lists every known one

PROBE = f"""
schema = "assay-claim-v1"
{UNHEARD} = 1
[record]
id = "r"
{UNHEARD} = 1
[claim]
id = "c"
statement = "s"
{UNHEARD} = 1
[[expect]]
metric = "m"
rule = "exact"
value = "1"
{UNHEARD} = 1
[limits]
{UNHEARD} = 1
[[source]]
id = "s"
title = "t"
file = "t.csv"
{UNHEARD} = 1
"""

FORMULA = f"""
[reproduce]
kind = "formula"
formula = "a"
{UNHEARD} = 1
[reproduce.values.a]
value = "1"
source = "s"
{UNHEARD} = 1
[reproduce.values.a.cell]
source = "s"
row = "r"
column = "c"
{UNHEARD} = 1
"""

SCRIPT = f"""
[reproduce]
kind = "script"
entrypoint = "m.py"
{UNHEARD} = 1
"""

PROOF = f"""
schema = "assay-claim-v1"
[claim]
id = "c"
statement = "s"
[reproduce]
kind = "lean4"
challenge = "c.lean"
solution = "s.lean"
theorem = "t"
environment = "python"
{UNHEARD} = 1
"""


def known_keys(text: str) -> Iterator[tuple[str, set[str]]]:
    """Yield the pointer of each table of a claim, and the keys that its reader knows."""
    with pytest.raises(Refusal) as caught:
        parse_claim(text.encode(), ("claim.toml", "t.csv", "m.py"), POLICY)
    for problem in caught.value.problems:
        assert problem.code == "unknown-key", problem
        listed = problem.remedy.removeprefix("known here: ")
        assert listed != problem.remedy, problem
        yield problem.pointer.removesuffix(f"/{UNHEARD}"), set(listed.split(", "))


SECTIONS = {
    "": "## Top level",
    "/record": "## `[record]`",
    "/claim": "## `[claim]`",
    "/expect/0": "## `[[expect]]`",
    "/limits": "## `[limits]`",
    "/source/0": "## `[[source]]`",
    "/reproduce/values/a": "### `[reproduce.values.NAME]`",
    "/reproduce/values/a/cell": "### `cell`",
}


@pytest.mark.parametrize("kind", ["formula", "script"])
def test_the_page_of_the_bundle_lists_every_key_of_every_table_and_no_other(kind: str) -> None:
    found = dict(known_keys(PROBE + (FORMULA if kind == "formula" else SCRIPT)))
    sections = {**SECTIONS, "/reproduce": f'## `[reproduce]` with `kind = "{kind}"`'}
    if kind == "script":
        sections = {pointer: heading for pointer, heading in sections.items() if "values" not in pointer}
    assert found.keys() == sections.keys()
    for pointer, heading in sections.items():
        assert first_cells(section("docs/bundle.md", heading)) == found[pointer], heading


@pytest.mark.parametrize("kind", ["lean4", "metamath"])
def test_the_page_of_the_bundle_lists_every_key_of_a_proof_and_no_other(kind: str) -> None:
    text = PROOF if kind == "lean4" else PROOF.replace('"lean4"', '"metamath"').replace('environment = "python"\n', "")
    with pytest.raises(Refusal) as caught:
        parse_claim(text.encode(), ("claim.toml", "c.lean", "s.lean"), POLICY)
    (problem,) = (item for item in caught.value.problems if item.pointer == f"/reproduce/{UNHEARD}")
    listed = set(problem.remedy.removeprefix("known here: ").split(", "))
    table = rows(section("docs/bundle.md", f'## `[reproduce]` with `kind = "{kind}"`'))
    assert {cells[0].strip("`") for cells in table if cells[1] in {"yes", "no"}} == listed


def test_the_page_of_the_bundle_gives_each_rule_its_keys() -> None:
    table = {cells[0].strip("`"): cells for cells in rows(section("docs/bundle.md", "### Rules"))}
    assert table.keys() == set(Rule)
    for rule, (needed, allowed) in KEYS.items():
        told = [set(re.findall(r"`(\w+)`", cell)) for cell in table[rule][2:]]
        if rule is Rule.BOUNDED:  # one of two is needed
            assert told == [{"low", "high"}, {"value"}]
        else:
            assert told == [set(needed), set(allowed)]


def test_the_page_of_the_bundle_names_what_this_version_refuses() -> None:
    text = section("docs/bundle.md", "## What this version refuses")
    told = {cells[0].strip("`"): set(re.findall(r"`(\w+)`", cells[1])) for cells in rows(text)}
    assert not {"kind", "[reproduce]"} & told.keys()


def test_the_page_of_the_bundle_lists_every_function_of_formulas() -> None:
    assert first_cells(section("docs/bundle.md", "### Expressions")) == formula.FUNCTIONS.keys()


MIB = 1 << 20
SPELLED = {
    "wall": lambda limits: f"{limits.wall_ms // 1000}s",
    "cpu": lambda limits: f"{limits.cpu_ms // 1000}s",
    "cpus": lambda limits: str(limits.cpus),
    "memory": lambda limits: "1GiB" if limits.memory_bytes == 1 << 30 else f"{limits.memory_bytes // MIB}MiB",
    "processes": lambda limits: str(limits.processes),
    "scratch": lambda limits: f"{limits.scratch_bytes // MIB}MiB",
    "gpus": lambda limits: str(limits.gpus),
}


@pytest.mark.parametrize("key", SPELLED)
def test_the_page_of_the_bundle_gives_the_limits_that_the_settings_have(key: str) -> None:
    (cells,) = (row for row in rows(section("docs/bundle.md", "## `[limits]`")) if row[0] == f"`{key}`")
    assert [cell.strip("`") for cell in cells[1:3]] == [SPELLED[key](DEFAULT_LIMITS), SPELLED[key](MAXIMUM_LIMITS)]


# --- interface -------------------------------------------------------------------------------------------------------


def operations() -> dict[tuple[str, str], dict[str, Any]]:
    paths = create_app(Settings()).openapi()["paths"]
    return {(method.upper(), path): item for path, methods in paths.items() for method, item in methods.items()}


def test_the_page_of_the_interface_lists_every_operation_and_no_other() -> None:
    table = rows(section("docs/api.md", "## Operations"))
    told = {tuple(cells[0].strip("`").split(" ", 1)) for cells in table}
    assert told == operations().keys()


@pytest.mark.parametrize(("table", "heading"), [("VERIFICATION", "### A verification"), ("RUN", "### A run")])
def test_the_page_of_the_interface_explains_every_state(table: str, heading: str) -> None:
    from app.core import lifecycle

    assert first_cells(section("docs/api.md", heading)) == set(getattr(lifecycle, table))


def test_the_page_of_the_interface_explains_every_address() -> None:
    assert first_cells(section("docs/api.md", "## Following")) == {*Urls.model_fields, *RecordUrls.model_fields}


def test_the_page_of_the_interface_names_every_member_of_a_gate_verdict_beside_the_contract() -> None:
    verdict = gate.StandingVerdict(
        "c", Status.VERIFIED, "exited", "MATCH_EXACT", None, "r", "t", "s", "u", "d", ("warn",)
    )
    document = gate.project((verdict,), 1, "https://base.example")
    told = section("docs/api.md", "## Records")
    contract = {field.alias or name for name, field in GateVerdict.model_fields.items()}
    wanted = {*document, *document["claims"], *document["gate3"]} - contract
    assert [name for name in wanted if f"`{name}`" not in told] == []
