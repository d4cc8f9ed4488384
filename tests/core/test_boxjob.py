"""What enters the box, and what never does."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.boxjob import (
    SCRIPT_PROTOCOL,
    SHIFTS,
    BoxJob,
    box_job,
    evaluator_digest,
    formula_source,
    shifts,
    targets,
)
from app.core.canonical import digest
from app.core.caps import MIB
from app.core.errors import Fault
from app.core.formula import results
from app.core.model import Derivation, Purpose, RunSpec, Seal, Source
from app.core.perturb import Underivable
from app.core.seal import seal_bytes, seal_digest
from app.core.specs import all_specs
from tests.core.builders import (
    SCORES,
    SCRIPT,
    a_bundle,
    a_claim,
    a_formula,
    a_formula_seal,
    a_script,
    a_seal,
    a_spec,
    an_expectation,
)
from tests.core.strategies import law


def job_of(seal: Seal, files: Mapping[str, bytes], spec: RunSpec | None = None) -> BoxJob:
    found = box_job(seal, seal_digest(seal_bytes(seal)), spec or a_spec(), files.__getitem__)
    assert isinstance(found, BoxJob)
    return found


def contents(job: BoxJob) -> dict[str, bytes]:
    assert all(digest(item.data) == item.digest for item in job.files)
    return {item.target: item.data for item in job.files}


def test_a_script_gets_its_inputs_its_seed_and_the_rest_of_its_bundle() -> None:
    files = {**a_bundle(), "lib/helper.py": b"x = 1\n"}
    job = job_of(a_seal(files=files), files, a_spec(seed=7))
    assert (job.mode, job.argv, job.env) == ("script", ("/job/reproduce.py",), {"ASSAY_SEED": "7"})
    assert contents(job) == {
        "/in/scores.csv": SCORES,
        "/job/reproduce.py": SCRIPT,
        "/job/lib/helper.py": b"x = 1\n",
    }
    assert (job.derived, job.summary) == ({}, "")


def test_parameters_come_as_a_file_of_their_own() -> None:
    claim = a_claim(reproduce=a_script(parameters={"n": 100, "name": "ü", "rate": 0.5}))
    job = job_of(a_seal(claim), a_bundle())
    assert json.loads(contents(job)["/in/parameters.json"]) == {"n": 100, "name": "ü", "rate": 0.5}


def test_a_perturbed_input_is_another_file_with_the_digest_of_its_derivation() -> None:
    seal = a_seal()
    job = job_of(seal, a_bundle(), a_spec("perturb-0-1"))
    changed = contents(job)["/in/scores.csv"]
    assert changed != SCORES
    assert job.derived == {"/in/scores.csv": digest(changed)}
    assert job.summary.startswith("scores.csv: ")
    assert contents(job)["/job/reproduce.py"] == SCRIPT


def test_a_perturbed_parameter_changes_alone() -> None:
    claim = a_claim(reproduce=a_script(parameters={"n": 100, "rate": 0.5}))
    spec = a_spec("perturb-0-1", derivation=Derivation(target="parameters.n", variant=1))
    job = job_of(a_seal(claim), a_bundle(), spec)
    found = json.loads(contents(job)["/in/parameters.json"])
    assert 45 <= found["n"] <= 60
    assert found["rate"] == 0.5
    assert job.derived == {"/in/parameters.json": digest(contents(job)["/in/parameters.json"])}
    assert job.summary == f"parameters.n: 100 became {found['n']}"
    assert contents(job)["/in/scores.csv"] == SCORES


@pytest.mark.parametrize(
    ("files", "derivation"),
    [
        pytest.param({"scores.csv": b"\x00\xff"}, Derivation(target="scores.csv", variant=1), id="a binary input"),
        pytest.param({}, Derivation(target="parameters.name", variant=1), id="a parameter that is text"),
    ],
)
def test_what_cannot_be_changed_says_why(files: dict[str, bytes], derivation: Derivation) -> None:
    claim = a_claim(reproduce=a_script(parameters={"name": "x"}))
    bundle = a_bundle(claim) | files
    spec = a_spec("perturb-0-1", derivation=derivation)
    found = box_job(a_seal(claim, bundle), "sha256:0", spec, bundle.__getitem__)
    assert isinstance(found, Underivable)
    assert derivation.target in found.reason


def test_a_formula_s_box_holds_our_evaluator_and_printed_values_alone() -> None:
    seal = a_formula_seal()
    job = job_of(seal, {})
    assert (job.mode, job.argv, job.env) == ("evaluator", ("/job/formula.py", "/in/formula.json"), {})
    assert contents(job).keys() == {"/job/formula.py", "/in/formula.json"}
    assert contents(job)["/job/formula.py"] == formula_source()
    assert json.loads(contents(job)["/in/formula.json"]) == {
        "formulas": {"score": "a - b"},
        "values": {"a": "77.0", "b": "68.3"},
        "variants": [{"name": "base", "values": {}}],
    }
    assert evaluator_digest(seal.claim) == digest(formula_source())


def test_the_cap_on_a_formula_s_result_decides_over_no_claim() -> None:
    """A tenth of the formulas that intake takes, with long names and values: the evaluator's result is never cut off."""
    names = "abcdefghijklmnopqrs"
    texts = {f"m{index:0127}": "+".join(names) + "/7" for index in range(1_000 // 39)}
    expect = [an_expectation(metric=metric) for metric in texts]
    seal = a_formula_seal(expect, texts, **dict.fromkeys(names, "0." + "1234567" * 8))
    job = job_of(seal, {}, next(spec for spec in all_specs(seal) if spec.purpose is Purpose.PERTURB))
    result = json.dumps(results(json.loads(contents(job)["/in/formula.json"])))
    assert 3 * MIB < 10 * len(result) < job.result_cap / 2


def test_a_formula_is_perturbed_by_shifting_each_value_far_and_near() -> None:
    spec = a_spec("perturb-0-1", derivation=Derivation(target="values", variant=1))
    job = job_of(a_formula_seal(), {}, spec)
    variants = json.loads(contents(job)["/in/formula.json"])["variants"]
    assert [item["name"] for item in variants] == ["base", *(f"{name}{shift}" for name in "ab" for shift in SHIFTS)]
    assert variants[1:5] == [
        {"name": "a--", "values": {"a": "69.2"}},
        {"name": "a-", "values": {"a": "76.95"}},
        {"name": "a+", "values": {"a": "77.05"}},
        {"name": "a++", "values": {"a": "84.8"}},
    ]
    assert job.summary == "each of 2 printed values shifted up and down"


def test_a_zero_is_shifted_too() -> None:
    assert shifts("0") == ("-1", "-0.5", "0.5", "1")


def test_targets_are_inputs_and_parameters_or_a_formula_s_values_together() -> None:
    assert targets(a_claim(reproduce=a_script(inputs=("b.csv", "a.csv"), parameters={"n": 1}))) == (
        "b.csv",
        "a.csv",
        "parameters.n",
    )
    assert targets(a_claim(reproduce=a_formula())) == ("values",)
    assert targets(a_claim(reproduce=a_script(inputs=()))) == ()


@pytest.mark.parametrize("seal", [a_seal(), a_formula_seal()], ids=["script", "formula"])
def test_nothing_enters_the_box_for_a_seal_of_another_program(seal: Seal) -> None:
    with pytest.raises(Fault) as caught:
        job_of(seal.model_copy(update={"evaluator": digest(b"other")}), a_bundle(seal.claim))
    assert caught.value.code == "seal-other-rules"


def test_scripts_are_sealed_with_the_version_of_their_protocol() -> None:
    assert evaluator_digest(a_claim()) == SCRIPT_PROTOCOL == digest(b"assay-script-protocol-v1")


paths = st.sampled_from(
    [
        "claim.toml",
        "claim.json",
        "reproduce.py",
        "scores.csv",
        "copy.toml",
        "sub/claim.toml",
        "notes.md",
        "t16.csv",
        "x/y.txt",
    ]
)
bodies = st.sampled_from([b"the claim\n", b"a,b\n1,2\n3,4\n", b"print()\n", b"source\n", b'[1, 2, 3, "x"]'])


@law
@given(
    st.dictionaries(paths, bodies, min_size=3),
    st.lists(paths, unique=True, max_size=3),
    st.lists(paths, unique=True, max_size=2),
)
def test_neither_the_claim_nor_its_sources_enter_the_box(
    files: dict[str, bytes], inputs: list[str], sources: list[str]
) -> None:
    """Whatever a claim declares, no file of its box is the claim, its twin, a copy of it, or a source that is no input."""
    files |= {"claim.toml": b"the claim\n", "reproduce.py": b"print()\n"}
    claim = a_claim(
        reproduce=a_script(inputs=tuple(path for path in inputs if path in files), parameters={"n": 5}),
        source=tuple(Source(id=path, title="T", file=path) for path in sources),
    )
    seal = a_seal(claim, files)
    secret = {seal.files[path] for path in ("claim.toml", "claim.json") if path in files}
    for spec in all_specs(seal):
        job = box_job(seal, "sha256:0", spec, files.__getitem__)
        if isinstance(job, Underivable):
            continue
        staged = {item.target: item for item in job.files}
        assert len(staged) == len(job.files)
        assert not any(item.digest in secret or item.data == files["claim.toml"] for item in job.files)
        for path in set(sources) - set(inputs):
            assert f"/job/{path}" not in staged
            assert f"/in/{path}" not in staged
        for path in ("claim.toml", "claim.json"):
            assert f"/job/{path}" not in staged
            assert f"/in/{path}" not in staged
        assert all(target.startswith(("/in/", "/job/")) for target in staged)


@law
@given(st.sampled_from(["8.7", "0.8713", "-12"]), st.sampled_from(["measure-0", "perturb-0-1", "confirm-0"]))
def test_a_formula_s_expected_value_never_enters_its_box(expected: str, key: str) -> None:
    seal = a_formula_seal(None, {"score": "a + b"}, a="111.25", b="333.5")
    claim = seal.claim.model_copy(update={"expect": (seal.claim.expect[0].model_copy(update={"value": expected}),)})
    spec = a_spec(key, derivation=Derivation(target="values", variant=1) if key.startswith("perturb") else None)
    job = job_of(a_seal(claim), {}, spec)
    assert expected.encode() not in contents(job)["/in/formula.json"]


@pytest.mark.parametrize(
    ("environment", "text", "plain"),
    [
        ("science", b"import os\nos.environ['OMP_NUM_THREADS'] = '1'\n", True),
        ("science", b"print('as it comes')\n", False),
        ("python", b"import os\nos.environ['OMP_NUM_THREADS'] = '1'\n", False),
    ],
)
def test_a_script_that_decides_how_libraries_are_imported_begins_with_none(
    environment: str, text: bytes, *, plain: bool
) -> None:
    claim = a_claim(reproduce=a_script(environment=environment))
    files = {**a_bundle(claim), "lib/helper.py": text}
    assert job_of(a_seal(claim, files=files), files).plain is plain
