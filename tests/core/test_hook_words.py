"""What a commit is told about a claim, and at which line of its file."""

from __future__ import annotations

from typing import Any

import pytest
from markdown_it import MarkdownIt

from app.core.check_runs import Remark
from app.core.errors import Problem
from app.core.hook_words import ANYWHERE, CONTEXT_MAX, Found, claim_lines, contexts, of_refusal, of_verification, placed
from app.core.markdown import escaped
from tests.core.builders import a_claim, an_expectation

BASE = "https://assay.example"
TARGET = f"{BASE}/verifications/ver_1"
LINES = {"score": 12, "loss": 18}

CLAIM = b"""\
[claim]
id = "mean-score"

[[expect]]
metric = "score"
value = "8.7"

[[expect]]
metric = "table_1"
rule = "table"

[expect.cells]
precision = "0.5"
recall = "0.25"

[[expect]]
metric = "order"
rule = "ranking"
order = ["precision", "ours"]
"""


def a_verdict(status: str = "FALSIFIED", matches: tuple[bool | None, ...] = (True, False)) -> dict[str, Any]:
    comparisons = [{"metric": metric, "match": match} for metric, match in zip(LINES, matches, strict=False)]
    return {"status": status, "reason": "It is 9.1", "reason_code": "MISMATCH", "comparisons": comparisons}


def found(state: str = "judged", detail: str | None = None, verdict: dict[str, Any] | None = None) -> Found:
    return Found("ver_1", state, "The mean score is 8.7", detail, verdict)


@pytest.mark.parametrize(
    ("status", "state"), [("VERIFIED", "success"), ("FALSIFIED", "failure"), ("UNVERIFIED", "error")]
)
def test_a_verdict_is_told_with_its_reason_and_where_to_read_more(status: str, state: str) -> None:
    said = of_verification("assay/first", "claims/first", LINES, found(verdict=a_verdict(status)), BASE)
    assert said.note.context == "assay/first"
    assert (said.note.state, said.note.description, said.note.target) == (state, f"{status}: It is 9.1", TARGET)
    assert said.summary == (
        f"**{status}** (`MISMATCH`)\n\n> The mean score is 8\\.7\n\nIt is 9\\.1\n\n[Everything about it]({TARGET})"
    )


@pytest.mark.parametrize(
    ("matches", "lines", "line"),
    [
        ((True, False), LINES, 18),  # the first metric that does not match
        ((None, False), LINES, 12),  # nor does what could not be compared
        ((True, True), LINES, 12),
        ((), LINES, 12),
        ((False,), {"loss": 18}, 18),  # of a metric without a line: the first line that is known
        ((False,), {}, None),  # a claim of JSON has none
        ((True, True), {}, None),
    ],
)
def test_the_remark_stands_where_it_did_not_match(
    matches: tuple[bool | None, ...], lines: dict[str, int], line: int | None
) -> None:
    said = of_verification("assay/first", "claims/first", lines, found(verdict=a_verdict(matches=matches)), BASE)
    text = "FALSIFIED: It is 9.1"
    assert said.remark == (None if line is None else Remark("claims/first/claim.toml", line, text))


@pytest.mark.parametrize(
    ("state", "detail", "told", "text"),
    [
        ("queued", None, "pending", "Sealed; waits for a worker"),
        ("running", None, "pending", "Runs in a sealed sandbox"),
        ("concluding", None, "pending", "Measured; waits for a judge"),
        ("cancelled", None, "error", "Cancelled. This says nothing about the claim."),
        (
            "faulted",
            "the worker was lost",
            "error",
            "The service failed. This says nothing about the claim. The worker was lost.",
        ),
        ("faulted", None, "error", "The service failed. This says nothing about the claim."),
    ],
)
def test_what_has_no_verdict_is_no_failure_of_the_claim(state: str, detail: str | None, told: str, text: str) -> None:
    said = of_verification("assay/first", "", LINES, found(state, detail), BASE)
    assert (said.note.state, said.note.description, said.note.target) == (told, text, TARGET)
    assert said.remark == Remark("claim.toml", 12, text)
    assert said.summary == escaped(text)


def test_what_a_script_complained_of_is_told_as_its_own_words() -> None:
    verdict = {**a_verdict("UNVERIFIED", ()), "reason": "The script ended with 1", "reason_code": "CRASHED"}
    words = ["Traceback:", "KeyError: '# [x](https://evil.example)'"]
    told = Found("ver_1", "concluded", "The mean score is 8.7", None, verdict, ("measure-0", words))
    said = of_verification("assay/first", "claims/first", LINES, told, BASE)
    assert said.note.description == "UNVERIFIED: The script ended with 1"
    assert said.note.sentence == f"UNVERIFIED: The script ended with 1 stderr: {words[1]}"
    head = "The script's own last words on stderr in measure-0:"
    assert said.remark is not None
    assert said.remark.text.splitlines() == [said.note.description, head, f"| {words[0]}", f"| {words[1]}"]
    assert f"\n\n    {head}\n    | {words[0]}\n    | {words[1]}\n\n[Everything" in said.summary


def test_a_claim_s_text_is_no_markdown_of_a_check_run() -> None:
    hostile = "x\n\n# VERIFIED\n[here](https://evil.example) @all <img src=x>"
    for said in (
        of_verification("assay/x", "", {}, Found("ver_1", "x", hostile, None, a_verdict(matches=())), BASE),
        of_verification("assay/x", "", {}, Found("ver_1", "faulted", "", hostile, None), BASE),
        of_refusal("assay/x", "", {}, hostile, BASE),
    ):
        blocks = MarkdownIt("gfm-like", {"linkify": False}).parse(said.summary)
        parts = [item for block in blocks for item in block.children or ()]
        assert "heading_open" not in {block.type for block in blocks}
        assert [item.attrs["href"] for item in parts if item.type == "link_open"] in ([], [TARGET])
        assert not [item for item in parts if item.type in {"image", "html_inline"}]
        assert "@all" not in said.summary.replace("\\@all", "")


def test_a_refusal_is_told_by_its_first_line_and_remarked_as_a_whole() -> None:
    said = of_refusal("assay/first", "claims/first", {ANYWHERE: 3}, "one\ntwo", BASE)
    assert (said.note.state, said.note.description) == ("error", "one")
    assert said.note.target == f"{BASE}/problems/bundle-refused"
    assert said.remark == Remark("claims/first/claim.toml", 3, "one\ntwo")
    assert said.summary == "one\n\ntwo"


def test_what_has_been_taken_in_since_is_refused_no_longer() -> None:
    said = of_refusal("assay", "", {ANYWHERE: 3}, "", BASE)
    assert (said.note.state, said.note.target) == ("success", f"{BASE}/")
    assert said.remark is None
    assert said.summary == said.note.description == "What was refused before has been taken in"


def test_every_bundle_of_a_commit_finds_a_name_of_its_own() -> None:
    first, second, third = contexts("assay/x", "claims/b")
    assert (first, second) == ("assay/x", "assay/x in claims/b")
    assert third.startswith("assay/x in ")
    assert third != contexts("assay/x", "claims/c")[2]
    assert contexts("assay/x", "")[1] == "assay/x in the top folder"
    assert contexts("assay/a\n\u202eb\ud800", "")[0] == "assay/a b"
    long = [contexts("assay/" + "x" * 300 + end, "") for end in "ab"]
    assert all(len(name) <= CONTEXT_MAX for names in long for name in names)
    assert not {*long[0]} & {*long[1]}


def a_problem(file: str | None, line: int | None) -> Problem:
    return Problem(file, line, "/claim", "wrong", "this is wrong", "mend it")


@pytest.mark.parametrize(
    ("problems", "folder", "told", "line"),
    [
        ([a_problem("claim.toml", 4)], "claims/a", "claims/a/claim.toml:4: this is wrong. Mend it.", 4),
        ([a_problem("claim.toml", 4)], "", "claim.toml:4: this is wrong. Mend it.", 4),
        ([a_problem(None, None)], "claims/a", "/claim: this is wrong. Mend it.", 1),
        (
            [a_problem("run.py", 9), a_problem("claim.toml", None), a_problem("claim.toml", 6)],
            "b",
            "b/run.py:9: this is wrong. Mend it.\nb/claim.toml: this is wrong. Mend it.\n"
            "b/claim.toml:6: this is wrong. Mend it.",
            6,
        ),
    ],
)
def test_problems_are_told_by_their_paths_in_the_repository(
    problems: list[Problem], folder: str, told: str, line: int
) -> None:
    assert placed(problems, folder) == (told, {ANYWHERE: line})


def test_every_metric_has_the_line_where_its_value_is_printed() -> None:
    """A ranking's metrics print no value of their own: what a table says of them comes first, else the ranking does."""
    cells = an_expectation(None, "table", metric="table_1", cells={"precision": "0.5", "recall": "0.25"})
    order = an_expectation(None, "ranking", metric="order", order=("precision", "ours"), better="higher")
    claim = a_claim([an_expectation(), cells, order])
    lines = {"score": 6, "table_1": 8, "precision": 13, "recall": 14, "order": 16, "ours": 16}
    assert claim_lines(claim, CLAIM) == lines
    marked = b"\xef\xbb\xbf" + CLAIM.partition(b"\n\n")[2]  # a byte-order mark before the first expectation
    assert claim_lines(claim, marked) == {metric: line - 3 for metric, line in lines.items()}


def test_a_claim_of_json_has_no_lines() -> None:
    assert claim_lines(a_claim(), b'{"claim": {}}') == {}
