"""The seal: the same claim gives the same bytes on every machine and in every year, and no other bytes pass for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.boxjob import SCRIPT_PROTOCOL, check_evaluator
from app.core.canonical import canonical, digest
from app.core.claim import parse_claim
from app.core.errors import Fault
from app.core.model import Expectation, Seal
from app.core.seal import VERSIONS, check_versions, environment_of, make_seal, read_seal, seal_bytes, seal_digest
from app.core.specs import all_specs
from tests.core.builders import (
    ENVIRONMENT,
    a_claim,
    a_formula_seal,
    a_policy,
    a_script,
    a_seal,
)
from tests.core.strategies import expectations, law

GOLDEN = Path(__file__).parent / "golden"
FILES = {
    "claim.toml": (GOLDEN / "claim.toml").read_bytes(),
    "src/reproduce.py": b"import json\n",
    "scores.csv": b"language,score\nsw,8.1\n",
    "größen.json": b"[1, 2]\n",
    "sources/t16.csv": b"model,score\nRemBERT,77.0\n",
}


def golden_seal() -> Seal:
    claim = parse_claim(FILES["claim.toml"], FILES, a_policy())
    return make_seal(claim, {path: digest(data) for path, data in FILES.items()}, ENVIRONMENT, SCRIPT_PROTOCOL)


def test_the_golden_claim_gives_the_golden_bytes_and_digest() -> None:
    golden = json.loads((GOLDEN / "seal.json").read_text(encoding="utf-8"))
    body = seal_bytes(golden_seal())
    assert body.decode() == golden["body"]
    assert seal_digest(body) == golden["digest"]
    assert canonical(json.loads(body)) == body


def test_the_golden_bytes_are_read_back_as_the_same_seal() -> None:
    golden = json.loads((GOLDEN / "seal.json").read_text(encoding="utf-8"))
    assert read_seal(golden["body"].encode()) == golden_seal()


def test_a_changed_byte_is_another_seal_or_none() -> None:
    body = seal_bytes(golden_seal())
    for position in range(0, len(body), 7):
        changed = body[:position] + bytes([body[position] ^ 1]) + body[position + 1 :]
        assert seal_digest(changed) != seal_digest(body)
        try:
            assert read_seal(changed) != golden_seal()
        except Fault as fault:
            assert fault.code in {"seal-unreadable", "seal-not-canonical"}  # noqa: PT017 - either is right


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda seal: seal.model_copy(update={"seeds": (1, 7)}), id="seeds"),
        pytest.param(lambda seal: seal.model_copy(update={"evaluator": "sha256:0"}), id="evaluator"),
        pytest.param(lambda seal: seal.model_copy(update={"files": {**seal.files, "x": "sha256:0"}}), id="files"),
        pytest.param(lambda seal: seal.model_copy(update={"versions": {**VERSIONS, "plan": 9}}), id="versions"),
        pytest.param(
            lambda seal: seal.model_copy(update={"environment": ENVIRONMENT.model_copy(update={"digest": "x"})}),
            id="environment",
        ),
        pytest.param(lambda seal: seal.model_copy(update={"claim": a_claim()}), id="claim"),
    ],
)
def test_everything_that_is_sealed_changes_the_digest(change: Callable[[Seal], Seal]) -> None:
    seal = golden_seal()
    assert seal_digest(seal_bytes(change(seal))) != seal_digest(seal_bytes(seal))


UNREADABLE = [
    pytest.param(b"", "seal-unreadable", id="nothing"),
    pytest.param(b"{", "seal-unreadable", id="no JSON"),
    pytest.param(b"[]", "seal-unreadable", id="no object"),
    pytest.param(b"{}", "seal-unreadable", id="no seal"),
    pytest.param(b"[" * 100_000, "seal-unreadable", id="too deep"),
    pytest.param(b"\xff", "seal-unreadable", id="not UTF-8"),
    pytest.param(seal_bytes(a_seal()) + b"\n", "seal-not-canonical", id="a line's end"),
    pytest.param(
        json.dumps(json.loads(seal_bytes(a_seal())), sort_keys=True).encode(), "seal-not-canonical", id="white space"
    ),
    pytest.param(
        seal_bytes(a_seal()).replace(b'"seeds":[0]', b'"seeds":[1],"seeds":[0]'), "seal-not-canonical", id="a key twice"
    ),
    pytest.param(
        seal_bytes(a_seal()).replace(b'"seeds":[0]', b'"seeds":[0],"sneaky":1'), "seal-unreadable", id="an unknown key"
    ),
]


@pytest.mark.parametrize(("body", "code"), UNREADABLE)
def test_bytes_that_are_no_seal_are_a_fault_and_never_a_verdict(body: bytes, code: str) -> None:
    with pytest.raises(Fault) as caught:
        read_seal(body)
    assert (caught.value.code, caught.value.reason_code) == (code, "INTERNAL_ERROR")


@law
@given(st.lists(expectations(), min_size=1, max_size=3), st.dictionaries(st.sampled_from("abc"), st.floats(0, 1e9)))
def test_every_seal_survives_a_round_trip(found: list[Expectation], parameters: dict[str, float]) -> None:
    seal = a_seal(a_claim(found, a_script(parameters=parameters)))
    body = seal_bytes(seal)
    assert read_seal(body) == seal
    assert seal_bytes(read_seal(body)) == body


def test_a_seal_forgets_the_order_in_which_its_claim_was_written() -> None:
    """The runs of a seal are numbered by the order of its parameters, so that everybody must see the same order."""
    one = a_seal(a_claim(reproduce=a_script(parameters={"b": 1, "a": 2})))
    two = a_seal(a_claim(reproduce=a_script(parameters={"a": 2, "b": 1})))
    assert all_specs(one) == all_specs(two) == all_specs(read_seal(seal_bytes(one)))
    formula = a_formula_seal(None, None, b="68.3", a="77.0")
    assert list(formula.claim.reproduce.values) == ["a", "b"]  # type: ignore[union-attr, arg-type]


def test_a_script_runs_in_the_environment_that_it_names_and_a_formula_in_the_library_alone() -> None:
    assert environment_of(a_claim(reproduce=a_script(environment="science"))) == "science"
    assert environment_of(a_formula_seal().claim) == "python"


def test_a_formula_has_one_seed_and_a_script_its_own() -> None:
    assert a_formula_seal().seeds == (0,)
    assert a_seal(a_claim(reproduce=a_script(seeds=(3, 1)))).seeds == (3, 1)


@pytest.mark.parametrize(
    "versions", [{}, {**VERSIONS, "compare": 99}, {**VERSIONS, "statistics": 1}, {"compare": 1}], ids=str
)
def test_a_seal_of_other_rules_is_not_judged_by_ours(versions: dict[str, int]) -> None:
    with pytest.raises(Fault) as caught:
        check_versions(a_seal(versions=versions))
    assert (caught.value.code, caught.value.reason_code) == ("seal-other-rules", "INTERNAL_ERROR")
    ours = ", ".join(f"{name} {version}" for name, version in sorted(VERSIONS.items()))
    assert f"and this version has {ours}" in caught.value.detail
    assert (
        ", ".join(f"{name} {version}" for name, version in versions.items()) or "of no version"
    ) in caught.value.detail
    assert "submit the claim again" in caught.value.remedy


@pytest.mark.parametrize("seal", [a_seal(), a_formula_seal()], ids=["script", "formula"])
def test_a_seal_with_another_program_for_its_box_is_not_executed(seal: Seal) -> None:
    assert check_versions(seal) is None
    assert check_evaluator(seal) is None
    other = seal.model_copy(update={"evaluator": digest(b"another program")})
    with pytest.raises(Fault) as caught:
        check_evaluator(other)
    assert (caught.value.code, caught.value.reason_code) == ("seal-other-rules", "INTERNAL_ERROR")
    assert other.evaluator in caught.value.detail
    assert seal.evaluator in caught.value.detail
