"""Assets in a claim: what is sealed of them, and what intake says of one that is not here."""

from __future__ import annotations

import json

import pytest

from app.core.claim import parse_claim
from app.core.errors import Refusal
from app.core.model import Script
from app.core.seal import assets_of, make_seal, read_seal, seal_bytes, seal_digest
from tests.core.builders import ENVIRONMENT, a_bundle, a_claim, a_formula_seal, a_policy, a_script, a_seal

HERE, AWAY = (f"sha256:{sign * 64}" for sign in "ab")
TEXT = """\
schema = "assay-claim-v1"
[claim]
id = "c"
statement = "It is 42."
[[expect]]
metric = "score"
value = "42"
rule = "exact"
[reproduce]
kind = "script"
entrypoint = "reproduce.py"
inputs = ["scores.csv"]
assets = { zeta = "DIGEST", alpha = "DIGEST" }
"""


def read(digest: str, known: dict[str, str] | None) -> Script:
    claim = parse_claim(TEXT.replace("DIGEST", digest).encode(), a_bundle(), a_policy(assets=known))
    assert isinstance(claim.reproduce, Script)
    return claim.reproduce


def test_names_and_digests_are_sealed_and_read_back() -> None:
    seal = a_seal(a_claim(reproduce=a_script(assets={"zeta": HERE, "alpha": AWAY})))
    body = seal_bytes(seal)
    assert json.loads(body)["claim"]["reproduce"]["assets"] == {"alpha": AWAY, "zeta": HERE}
    assert read_seal(body) == seal
    assert assets_of(seal.claim) == {"alpha": AWAY, "zeta": HERE}
    other = a_seal(a_claim(reproduce=a_script(assets={"zeta": HERE, "alpha": HERE})))
    assert seal_digest(seal_bytes(other)) != seal_digest(body)


def test_a_seal_without_assets_does_not_speak_of_them() -> None:
    assert b"assets" not in seal_bytes(a_seal())
    empty = parse_claim(TEXT.partition("assets")[0].encode() + b"assets = {}", a_bundle(), a_policy())
    assert empty.reproduce == a_script()
    assert b"assets" not in seal_bytes(make_seal(empty, {}, ENVIRONMENT, HERE))
    assert assets_of(a_formula_seal().claim) == {}


def test_a_known_digest_is_taken_and_where_nothing_is_executed_every_one() -> None:
    assert read(HERE, {HERE: "xlmr"}).assets == read(HERE, None).assets == {"zeta": HERE, "alpha": HERE}


@pytest.mark.parametrize(
    ("known", "listed"),
    [
        ({}, "known: none"),
        ({HERE: "xlmr", f"sha256:{'c' * 64}": "bert"}, f"known: bert sha256:{'c' * 64}, xlmr {HERE}"),
        ({f"sha256:{index:064}": f"m{index:02}" for index in range(12)}, "and 2 more"),
    ],
)
def test_one_that_is_not_here_is_refused_with_those_that_are(known: dict[str, str], listed: str) -> None:
    with pytest.raises(Refusal) as refused:
        read(AWAY, known)
    first, second = refused.value.problems
    assert (first.code, first.line, first.pointer) == ("unknown-asset", 13, "/reproduce/assets/alpha")
    assert (second.code, second.pointer) == ("unknown-asset", "/reproduce/assets/zeta")
    assert first.detail == f"there is no asset {AWAY} here"
    assert listed in first.remedy
    assert first.remedy.startswith("the operator adds one with `assay asset add`")


@pytest.mark.parametrize(
    ("written", "remedy"),
    [
        ("xlmr", f'a claim names the digest: write "{HERE}"'),
        ("xlrm", "did you mean 'xlmr'?"),
        ("other", "write it as `assay asset list` prints it"),
    ],
)
def test_a_name_in_the_place_of_a_digest_is_answered_with_the_digest(written: str, remedy: str) -> None:
    with pytest.raises(Refusal) as refused:
        read(written, {HERE: "xlmr"})
    assert {item.remedy for item in refused.value.problems} == {remedy}
    assert {item.code for item in refused.value.problems} == {"bad-digest"}
