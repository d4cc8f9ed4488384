"""What holds among the numbers of an input holds after a change that spares structure: sums of a whole, and symmetry."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.model import Derivation, Status
from app.core.perturb import Derived
from app.core.perturb_kept import mended
from app.core.perturb_sites import sites
from app.core.perturb_spared import spared
from app.core.verdict import judge
from tests.core.builders import a_bundle, a_claim, a_seal, an_expectation, an_outcome, play
from tests.core.strategies import law

SHARES = b"party,share\na,0.35\nb,0.25\nc,0.2\nd,0.12\ne,0.08\n"
PERCENT = b"party,seats,share\na,4,45.5\nb,3,30.2\nc,2,24.3\n"
ROWS = b"no,yes\n0.25,0.75\n0.4,0.6\n0.125,0.875\n"
DOCUMENT = b'{"year": 2023, "shares": [0.5, 0.25, 0.25]}'
SYMMETRIC = b"1,0.5,0.25\n0.5,1,0.75\n0.25,0.75,1\n"


def numbers(data: bytes) -> list[Decimal]:
    found = sites(data)
    assert found is not None
    return [Decimal(text) for text in found.literals]


def changed(data: bytes, variant: int = 4) -> bytes:
    found = spared("sha256:" + "5" * 64, Derivation(target="a", variant=variant), data)
    assert isinstance(found, Derived)
    return found.data


@pytest.mark.parametrize(
    ("data", "groups"),
    [
        pytest.param(SHARES, [slice(0, 5)], id="a column of shares"),
        pytest.param(PERCENT, [slice(1, None, 2)], id="percentages beside whole numbers"),
        pytest.param(ROWS, [slice(0, 2), slice(2, 4), slice(4, 6)], id="rows of shares"),
        pytest.param(DOCUMENT, [slice(1, 4)], id="a list"),
    ],
)
def test_shares_of_a_whole_keep_their_sum(data: bytes, groups: list[slice]) -> None:
    for variant in range(4, 40):
        before, after = numbers(data), numbers(changed(data, variant))
        assert after != before
        for group in groups:
            assert sum(after[group]) == sum(before[group])
            assert all(number >= 0 for number in after[group])


def test_a_symmetric_table_stays_symmetric_and_keeps_its_diagonal() -> None:
    for variant in range(4, 40):
        after = numbers(changed(SYMMETRIC, variant))
        assert after != numbers(SYMMETRIC)
        assert [after[at] for at in (0, 4, 8)] == [1, 1, 1]
        assert [after[at] for at in (1, 2, 5)] == [after[at] for at in (3, 6, 7)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(SHARES.replace(b"0.35", b"0.45"), SHARES, id="no whole"),
        pytest.param(SHARES.replace(b"0.35", b"-0.35").replace(b"0.25", b"0.95"), SHARES, id="negative shares"),
        pytest.param(b"a,b\n1,0\n0,1\n0,0\n", b"a,b\n2,0\n0,1\n0,0\n", id="whole numbers"),
        pytest.param(b"1,0.5\n0.5,1\n", b"1,0.6\n0.5,1\n", id="too small to be called symmetric"),
        pytest.param(SYMMETRIC.replace(b"0.75", b"0.7", 1), SYMMETRIC, id="not symmetric"),
        pytest.param(SHARES, SHARES.replace(b"e,0.08\n", b""), id="other rows"),
        pytest.param(b"\xff", SHARES, id="no text"),
        pytest.param(SHARES, b"\xff", id="no text afterwards"),
        pytest.param(SHARES, b"party,share\na,0.0\nb,0.0\nc,0.0\nd,0.0\ne,0.0\n", id="nothing is left to be scaled"),
    ],
)
def test_what_held_nothing_is_left_as_it_was_changed(before: bytes, after: bytes) -> None:
    assert mended(before, after) == after


def test_a_nudge_stays_a_nudge() -> None:
    """The largest of the others takes up the difference."""
    after = mended(SHARES, SHARES.replace(b"0.12", b"0.13"))
    assert after == SHARES.replace(b"0.12", b"0.13").replace(b"0.35", b"0.34")


@law
@given(st.lists(st.integers(1, 400), min_size=3, max_size=12), st.data())
def test_whatever_becomes_of_shares_their_sum_comes_back(parts: list[int], data: st.DataObject) -> None:
    total = sum(parts)
    shares = [f"{Decimal(part) / total:.6f}" for part in parts]
    table = ("n,s\n" + "".join(f"p,{share}\n" for share in shares)).encode()
    other = [f"{Decimal(data.draw(st.integers(0, 30_000_000))).scaleb(-6):f}" for _ in parts]
    after = numbers(mended(table, ("n,s\n" + "".join(f"p,{share}\n" for share in other)).encode()))
    if any(map(float, other)):
        assert sum(after) == sum(map(Decimal, shares))


def effective(inputs: Mapping[str, bytes], _: int) -> Any:
    """Return one divided by the sum of squares; shares that do not add up are refused."""
    shares = numbers(inputs["scores.csv"]) if inputs else []
    return {"score": float(1 / sum(share * share for share in shares))} if sum(shares) == 1 else an_outcome(exit_code=1)


def test_a_script_that_checks_its_shares_is_decided() -> None:
    files = a_bundle(scores__csv=SHARES)
    seal = a_seal(a_claim(an_expectation("4.1"), None), files)
    found = judge(seal, play(seal, files, effective)[0])
    assert found.status is Status.VERIFIED, found.reason


def test_one_that_checks_its_shares_and_copies_one_is_not_believed() -> None:
    files = a_bundle(scores__csv=SHARES)
    seal = a_seal(a_claim(an_expectation("0.12"), None), files)

    def copies(inputs: Mapping[str, bytes], _: int) -> Any:
        shares = numbers(inputs["scores.csv"]) if inputs else []
        return {"score": float(shares[3])} if sum(shares) == 1 else an_outcome(exit_code=1)

    found = judge(seal, play(seal, files, copies)[0])
    assert found.reason_code == "TAUTOLOGICAL", found.reason
