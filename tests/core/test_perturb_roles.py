"""Numbers moved together and things in each other's place, byte for byte."""

from __future__ import annotations

from decimal import Decimal

import pytest

from app.core.attacks import attacked
from app.core.attacks_parts import Attacked, Contents
from app.core.model import Derivation
from app.core.perturb_moves import letters_merged, rescaled, unsettled
from app.core.perturb_numbers import Chance
from app.core.perturb_roles import columns_turned, labels_turned, negated, reflected
from app.core.perturb_sites import Sites, sites
from tests.core.builders import a_claim, an_expectation

TABLE = b"kind,ours,n,base\nx,1.5,10,-2.5\ny,+3.0,20,4.0\nx,0,30,6.5\n"


def found_in(data: bytes) -> Sites:
    found = sites(data)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("change", "after"),
    [
        pytest.param(columns_turned, b"kind,ours,n,base\nx,-2.5,10,1.5\ny,4.0,20,+3.0\nx,6.5,30,0\n", id="columns"),
        pytest.param(labels_turned, b"kind,ours,n,base\ny,1.5,10,-2.5\nx,+3.0,20,4.0\ny,0,30,6.5\n", id="labels"),
        pytest.param(negated, b"kind,ours,n,base\nx,-1.5,-10,2.5\ny,-3.0,-20,-4.0\nx,-0,-30,-6.5\n", id="signs"),
        pytest.param(reflected, b"kind,ours,n,base\nx,1.5,30,-2.5\ny,+3.0,20,4.0\nx,0,10,6.5\n", id="upside down"),
        pytest.param(
            lambda found: columns_turned(found, ("Ours", "BASE")),
            b"kind,ours,n,base\nx,-2.5,10,1.5\ny,4.0,20,+3.0\nx,6.5,30,0\n",
            id="named columns",
        ),
        pytest.param(
            lambda found: columns_turned(found, ("ours", "baseline")),
            b"kind,ours,n,base\nx,-2.5,10,1.5\ny,4.0,20,+3.0\nx,6.5,30,0\n",
            id="a column with a shorter name",
        ),
        pytest.param(lambda found: columns_turned(found, ("ours", "nth")), None, id="too short a name"),
        pytest.param(lambda found: columns_turned(found, ("ours", "kind")), None, id="one named column"),
        pytest.param(lambda found: labels_turned(found, ("x", "z")), None, id="one named label"),
    ],
)
def test_things_change_their_roles(change: object, after: bytes | None) -> None:
    assert callable(change)
    assert change(found_in(TABLE)) == after


def test_the_keys_of_a_document_are_names_and_a_table_without_a_head_has_none() -> None:
    document = found_in(b'[{"ours": 1, "n": 7, "base": 2}, {"ours": 3, "n": 8, "base": 4}]')
    assert columns_turned(document, ("ours", "base")) == (
        b'[{"ours": 2, "n": 7, "base": 1}, {"ours": 4, "n": 8, "base": 3}]'
    )
    assert columns_turned(found_in(b"1,2\n3,4\n"), ("1", "2")) is None
    assert labels_turned(document) is None
    assert (
        columns_turned(found_in(b"a,b\nx,1\nx,2,3,4\nx,5\nx,6\nx,7\nx,8\nx,9\nx,3\nx,2\nx,2\nx,1\n"), ("b", "c"))
        is None
    )
    ragged = b"k,a,b\nx,1,y\nz,1\n" + b"x,2,w\n" * 20
    assert labels_turned(found_in(ragged)) == b"k,a,b\nz,1,w\nx,1\n" + b"z,2,y\n" * 20


def test_steps_keep_zero_signs_and_exponents() -> None:
    moved = unsettled(found_in(b"a,b\n0,1e3\n-1,0.001\n"), Chance("x"), -2)
    assert moved is not None
    cells = [line.split(",") for line in moved.decode().splitlines()[1:]]
    assert (cells[0], Decimal(cells[1][0]) < -1, Decimal(cells[1][1]) > Decimal("0.001")) == (["0", "1e3"], True, True)
    assert unsettled(found_in(b"words\n"), Chance("x"), 1) is None


def test_amounts_are_scaled_and_codes_are_not() -> None:
    rows = "".join(f"{at},{at / 10 + 1:.1f},{at % 2}.0,{'-999.0' if at == 4 else 5.5 + at}\n" for at in range(10))
    after = rescaled(found_in(f"n,x,class,t\n{rows}".encode()), Decimal("1.1"))
    assert after is not None
    assert after.decode().splitlines()[5] == "4,1.54,0.0,-999.0"
    assert after.decode().splitlines()[1] == "0,1.10,0.0,6.05"
    assert rescaled(found_in(b"a,b\n1,2\n3,4\n"), Decimal(2)) is None


def test_files_that_bear_the_names_of_members_change_places() -> None:
    claim = a_claim(an_expectation(None, "ranking", metric="lead", order=("ours", "base")))
    contents = Contents({"ours.csv": b"1\n", "base.csv": b"2\n", "n.csv": b"3\n"}, {}, None)
    found = attacked("sha256:0", Derivation(target="*", variant=1, attack="turned"), claim, contents)
    assert isinstance(found, Attacked)
    assert found.contents.inputs == {"ours.csv": b"2\n", "base.csv": b"1\n", "n.csv": b"3\n"}


@pytest.mark.parametrize(
    ("data", "after"),
    [
        pytest.param(b">Gaa 12\nAAACCCG\nTTAaC\n", b">Gaa 12\nGGGGGGG\nGGGgG\n", id="a sequence keeps its headings"),
        pytest.param(b"see me, see 3\nbee\nsees\nbad\nma\n", b"bbb bb, bbb 3\nbbb\nbbbb\nbad\nba\n", id="prose"),
        pytest.param(b"a 1\nb 2\nc c c\n", None, id="as many lines with numbers"),
        pytest.param(b"a,bbb\nc,d\ne,f\n", None, id="a table"),
        pytest.param(b'["aab", "c"]', None, id="a document"),
        pytest.param(b"aabc\n", None, id="three letters"),
    ],
)
def test_the_most_frequent_letters_of_a_text_become_one(data: bytes, after: bytes | None) -> None:
    assert letters_merged(found_in(data)) == after
