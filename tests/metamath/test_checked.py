"""The program of a Metamath proof's boxes: what is read, what two verifiers say, and what a proof rests on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from app.core.metamath.box import PROGRAM, ask, compared, main, prove, replay
from app.core.metamath.kernel import rejected
from app.core.metamath.reader import DatabaseError, read, tokens, written
from app.core.proof import read_proved, read_replayed
from tests.metamath.databases import AXIOMS, CHALLENGE, COMPRESSED, PROOF, THEOREM, database

if TYPE_CHECKING:
    from pathlib import Path

CHEAT = "cheat $a |- t = r $.\n"
APART = "$d t r $.  a3 $a |- ( t + r ) = ( r + t ) $.\n"


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that is laid out as a box."""
    for name in ("TMPDIR", "ASSAY_OUTPUT"):
        monkeypatch.setenv(name, str(tmp_path / name))
        (tmp_path / name).mkdir()
    return tmp_path


def judged(scratch: Path, solution: bytes, challenge: bytes = CHALLENGE) -> dict[str, Any]:
    """Return the report of a replay of two sources, which the judge of the service must be able to read."""
    for name, source in (("challenge", challenge), ("solution", solution)):
        report = prove(source)
        assert read_proved(json.dumps(report)).stage == "ok", report
        (scratch / f"{name}.txt").write_bytes((scratch / "ASSAY_OUTPUT/export.txt").read_bytes())
    found = replay(scratch, THEOREM)
    read_replayed(json.dumps(found))
    return found


@pytest.mark.parametrize("proof", [PROOF, COMPRESSED])
def test_both_verifiers_accept_an_honest_proof(scratch: Path, proof: str) -> None:
    found = judged(scratch, database(proof))
    assert (found["statement"], found["sorry"], found["axioms"], found["definitions"]) == ("same", False, [], [])
    assert [(item["name"], item["rejected"]) for item in found["kernels"]] == [("metamath", None), ("assay", None)]
    assert found["rejected"] is None


WRONG = [
    PROOF.removesuffix(" mp"),
    PROOF.replace("a2", "a1", 1),
    PROOF.replace("tze", "nothing", 1),
    PROOF.replace("tt a1", "ts a1"),
    f"{PROOF} tt",
    "th1",
    "mp",
    "",
    "( tze tpl weq a2 wim a1 mp ) ABCZADZAADZAEZJJKFLIAAGH",
    "( tze tpl weq a2 wim a1 mp ) ABCZADZAADZAEZJJKFLIAAGHHU",
    "( tze tpl weq a2 wim a1 mp ) ABCZADZAADZAEZJJKFLIAAGHH!",
    "( tze tpl weq a2 wim a1 mp ABC",
    "( tt tze tpl weq a2 wim a1 mp ) ABCZADZAADZAEZJJKFLIAAGHH",
    "( tze ) T",
    "( tze ) Z",
]


@pytest.mark.parametrize("proof", WRONG)
def test_both_verifiers_reject_a_proof_that_is_wrong(scratch: Path, proof: str) -> None:
    found = judged(scratch, database(proof))
    assert [item["rejected"] is not None for item in found["kernels"]] == [True, True], found["kernels"]


def test_variables_that_must_stay_apart_are_kept_apart(scratch: Path) -> None:
    axioms = f"{AXIOMS}{APART}"
    for said, labels in (("( t + t ) = ( t + t )", "tt tt a3"), ("( t + s ) = ( s + t )", "tt ts a3")):
        found = judged(scratch, database(labels, axioms, said), database("?", axioms, said))
        assert [item["rejected"] is None for item in found["kernels"]] == [False, False]
    said = "( t + s ) = ( s + t )"
    apart = "$d t s $.\n"
    found = judged(scratch, database("tt ts a3", axioms, said, apart), database("?", axioms, said, apart))
    assert [item["rejected"] for item in found["kernels"]] == [None, None]
    wider = judged(scratch, database("tt ts a3", axioms, said, apart), database("?", axioms, said))
    assert wider["statement"] == "differs"  # it holds for fewer terms than was approved


@pytest.mark.parametrize(
    ("solution", "differs"),
    [
        (database(before=CHEAT, proof="tt tt cheat"), {"axioms": ["cheat"]}),
        (database(before=f"{CHEAT}lemma $p |- t = t $= tt tt cheat $.\n", proof="tt lemma"), {"axioms": ["cheat"]}),
        (database("tt a2", AXIOMS.replace("( t + 0 ) = t", "t = t")), {"definitions": ["a2"]}),
        (database("?"), {"sorry": True}),
        (database(before="lemma $p |- t = t $= ? $.\n", proof="tt lemma"), {"sorry": True}),
        (database("tt tze tpl tze tpl tt tze tpl tt a1", said="( t + 0 ) = t"), {"statement": "differs"}),
        (database(said="r = r", proof=PROOF.replace("tt", "tr")), {"statement": "differs"}),
        (database(before=CHEAT), {"axioms": []}),  # it is there, and nothing rests on it
    ],
)
def test_what_a_proof_rests_on_is_compared_with_the_approved_file(
    scratch: Path, solution: bytes, differs: dict[str, Any]
) -> None:
    found = judged(scratch, solution)
    usual = {"statement": "same", "definitions": [], "sorry": False, "axioms": []}
    assert {name: found[name] for name in usual} == usual | differs


@pytest.mark.parametrize("proof", ["tze ?", "? ? tt", "( tze ? ) A", "( tze ?", "? $="])
def test_what_stands_around_a_gap_makes_no_kernel_disagree(scratch: Path, proof: str) -> None:
    found = judged(scratch, database(before=f"lemma $p |- t = t $= {proof} $.\n"))
    assert [item["rejected"] for item in found["kernels"]] == [None, None]
    assert found["sorry"] is False
    resting = judged(scratch, database("tt lemma", before=f"lemma $p |- t = t $= {proof} $.\n"))
    assert resting["sorry"] is True


def test_what_is_wrong_is_said_with_its_line() -> None:
    assert prove(b"$c a $.\n$( caf\xe9 $)\n")["detail"].startswith("line 2: a byte is not ASCII")
    assert prove(b"$c a $.\n\nx $a\n  a b $.\n")["detail"] == "line 4: b is not declared here"
    with pytest.raises(DatabaseError, match="word 1: "):
        read(["$}"])


def test_a_theorem_that_is_an_axiom_in_the_solution_is_no_theorem(scratch: Path) -> None:
    found = judged(scratch, f"{AXIOMS}th1 $a |- t = t $.\n".encode())
    assert found["theorem"] == {"challenge": True, "solution": True, "is_theorem": False}
    assert found["axioms"] == ["th1"]


def test_a_theorem_that_is_not_there_is_said() -> None:
    challenge, solution = read(tokens(CHALLENGE)), read(tokens(AXIOMS.encode()))
    found = compared(THEOREM, challenge, solution)
    assert found["theorem"] == {"challenge": True, "solution": False, "is_theorem": False}


@pytest.mark.parametrize(
    ("source", "stage", "part"),
    [
        (b"$[ set.mm $]", "imports", "set.mm"),
        (b"$c a \xff $.", "refused", "is not ASCII"),
        (b"$c a \x07 $.", "refused", "control character"),
        (b"$( open", "refused", "a comment is not closed"),
        (b"$c a $. $c a $.", "refused", "a is declared already"),
        (b"$c wff $. $v x $. ax $a wff x $.", "refused", "has no type"),
        (b"$c wff $. ax $a wff y $.", "refused", "y is not declared here"),
        (b"$c wff $. $v x $. fx $f wff x $. fx $a wff x $.", "refused", "fx is declared already"),
        (b"$c wff $. $v x $. f $f wff x $. g $f wff x $.", "refused", "that has a type"),
        (b"$c wff $. ${ $v x $. $} f $f wff x $.", "refused", "x is not declared here"),
        (b"${ $c a $. $}", "refused", "outside of all blocks"),
        (b"$}", "refused", "closes nothing"),
        (b"${", "refused", "is not closed"),
        (b"$c a", "refused", "the text ends"),
        (b"$c a ${ $.", "refused", "`$.` is missing"),
        (b"$v x $. $d x x $.", "refused", "two different"),
        (b"$v x $. ax $a x $.", "refused", "does not begin with a constant"),
        (b"ax $q a $.", "refused", "stands behind the label"),
        (b"$c a $. a! $a a $.", "refused", "cannot be a label"),
        (b" " * ((1 << 20) + 1), "refused", "are read"),
    ],
)
def test_what_is_no_database_is_refused(source: bytes, stage: str, part: str) -> None:
    report = prove(source)
    assert report["stage"] == stage
    assert part in report["detail"]


def test_an_export_is_read_as_its_source_and_holds_no_comment() -> None:
    words = tokens(CHALLENGE)
    assert tokens(written(words).encode()) == words
    assert b"a term is" in CHALLENGE
    assert "a term is" not in written(words)


def test_what_metamath_repeats_of_a_text_is_not_taken_for_its_word(scratch: Path) -> None:
    said = "All proofs in the database were verified"
    axioms = f"{AXIOMS}$c {' '.join(set(said.split()))} $.\n"
    theorem = f"{axioms}th1 $p |-\n{said} $= tze $.\n".encode()
    report = prove(theorem)
    assert report["stage"] == "ok"
    _, wrong = ask((scratch / "ASSAY_OUTPUT/export.txt").read_bytes())
    assert wrong is not None
    assert wrong["name"] == "th1"


def test_a_verifier_that_says_nothing_decides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.core.metamath.box.PROGRAM", "/bin/true")
    with pytest.raises(RuntimeError, match="neither yes nor no"):
        ask(database())
    assert PROGRAM == "/usr/bin/metamath"


def test_a_proof_may_use_only_what_stands_before_it() -> None:
    later = database("tt later", before="").decode() + f"later $p |- t = t $= {PROOF} $.\n"
    assert rejected(read(tokens(later.encode()))) == (THEOREM, "later is nothing that it may use")


def test_words_of_a_text_end_somewhere() -> None:
    with pytest.raises(DatabaseError, match="is expected"):
        read(["lemma"])


def test_an_export_that_cannot_be_read_is_named(scratch: Path) -> None:
    assert prove(CHALLENGE)["stage"] == "ok"
    (scratch / "challenge.txt").write_bytes((scratch / "ASSAY_OUTPUT/export.txt").read_bytes())
    (scratch / "solution.txt").write_bytes(b"$c a")
    assert replay(scratch, THEOREM)["stage"] == "solution"


def test_each_run_writes_its_report_where_a_box_asks_for_it(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = scratch / "result.json"
    monkeypatch.setenv("ASSAY_RESULT", str(result))
    (scratch / "proof.json").write_text(json.dumps({"theorem": THEOREM}))
    for name, source in (("challenge", CHALLENGE), ("solution", database())):
        (scratch / "source.mm").write_bytes(source)
        monkeypatch.setattr("sys.argv", ["prove.py", "prove", str(scratch / "proof.json")])
        assert main() == 0
        assert read_proved(result.read_text()).stage == "ok"
        (scratch / f"{name}.txt").write_bytes((scratch / "ASSAY_OUTPUT/export.txt").read_bytes())
    monkeypatch.setattr("sys.argv", ["prove.py", "replay", str(scratch / "proof.json")])
    assert main() == 0
    assert read_replayed(result.read_text()).statement == "same"


def test_a_proof_that_is_too_long_is_not_rejected(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.core.metamath.kernel.SYMBOLS_MAX", 20)
    found = judged(scratch, database())
    assert (found["stage"], "rejected" in found, found["theorem"]["solution"]) == ("solution", False, True)
    assert "gave up on th1" in found["detail"]
