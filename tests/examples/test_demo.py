"""The demonstration: what it prints, and what it does when something is not as it should be."""

from __future__ import annotations

import io
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from app.core.reasons import BLAME
from app.settings import Settings
from cli import demo, demo_show
from cli.client import ServiceError, Unreachable
from cli.demo_show import Gate, Row
from cli.exits import Exit
from cli.supervisor import CannotServe

EXAMPLES = Path(__file__).parents[2] / "examples"
LONGEST_NAME = max((path.parent.name for path in EXAMPLES.glob("*/claim.toml")), key=len)


def a_comparison(**facts: Any) -> dict[str, Any]:
    found = {"metric": "gain", "rule": "rounding", "tolerance": None, "expected": "8.7", "computed": "8.7"}
    return {**found, "low": "8.65", "high": "8.75", "match": True, **facts}


def a_row(name: str = "gain", *comparisons: dict[str, Any], **verdict: Any) -> Row:
    found = {"status": "VERIFIED", "reason_code": "MATCH_EXACT", "reason": "It matches.", "comparisons": comparisons}
    document = {
        "state": "concluded",
        "seconds": 0.5,
        "claim": {"statement": "One is above the other."},
        "verdict": {**found, **verdict},
        "urls": {"self": "/v1/verifications/ver_1", "evidence": "/v1/verdicts/vrd_1/evidence"},
    }
    return Row(name, "VERIFIED", "MATCH_EXACT", document)


def printed(*what: Any, width: int = 80, soft_wrap: bool = False) -> str:
    file = io.StringIO()
    console = Console(file=file, width=width)
    for item in what:
        console.print(item, soft_wrap=soft_wrap)
    return file.getvalue()


@pytest.mark.parametrize("width", [80, 100, 120])
@example(text="as many words as fit " * 20)
@given(text=st.text(st.characters(codec="latin-1", exclude_categories=["C"]), max_size=400))
def test_the_table_keeps_within_the_width_that_it_is_given(width: int, text: str) -> None:
    """Printed on a wider terminal, so that nothing but the table itself can keep it within."""
    row = a_row(LONGEST_NAME, a_comparison(computed="0.12345678901234567"), a_comparison(metric="mean_difference"))
    row.document["claim"]["statement"] = text
    row.document["verdict"]["reason"] = text

    lines = printed(demo_show.verdicts([row], width), width=300).splitlines()

    assert [line for line in lines if cell_len(line.rstrip()) > width] == []


def test_names_and_metrics_of_the_examples_are_shown_in_full() -> None:
    shown = printed(
        demo_show.verdicts([a_row(LONGEST_NAME, a_comparison(), a_comparison(metric="covered_student"))], 80)
    )

    assert LONGEST_NAME in shown
    assert "  covered_student " in shown


@pytest.mark.parametrize(
    ("facts", "shown"),
    [
        pytest.param({"expected": "8.70"}, "8.70", id="printed digits stay"),
        pytest.param({"expected": None, "low": "94.5", "high": "95.5"}, "94.5 … 95.5", id="a band"),
        pytest.param({"expected": None, "low": "94.5", "high": None}, "≥ 94.5", id="open above"),
        pytest.param({"expected": None, "low": None, "high": "95.5"}, "≤ 95.5", id="open below"),
        pytest.param({"expected": None, "low": None, "high": None}, " order ", id="a ranking, held to no number"),
        pytest.param({"computed": "0.8396179686817885"}, " 0.839618 ", id="a long number is shortened"),
        pytest.param({"computed": "50847534"}, " 50847534 ", id="a short number is not"),
        pytest.param({"computed": "sha256:0123456789abcdef"}, " sha256:01… ", id="a long text is cut"),
        pytest.param({"rule": "points", "tolerance": "0.5"}, "points 0.5", id="a rule with its tolerance"),
    ],
)
def test_a_comparison_is_shown_so_that_it_can_be_checked(facts: dict[str, Any], shown: str) -> None:
    assert shown in printed(demo_show.verdicts([a_row("gain", a_comparison(**facts))], 80))


LONGEST_CODE = max(BLAME, key=len)


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (80, f"  {LONGEST_CODE}: It was open.\n"),
        (demo_show.WIDE - 1, f"  {LONGEST_CODE}: It was open.\n"),
        (demo_show.WIDE, f"UNVERIFIED   {LONGEST_CODE:<18}      0.5"),
        (120, f"UNVERIFIED   {LONGEST_CODE:<18}      0.5"),
    ],
)
def test_the_reason_code_has_a_column_where_there_is_room_and_is_always_shown(width: int, shown: str) -> None:
    row = a_row(status="UNVERIFIED", reason_code=LONGEST_CODE, reason="It was open.")
    table = printed(demo_show.verdicts([row], width), width=width)
    assert shown in table
    assert ("reason code" in table) is (width >= demo_show.WIDE)
    assert table.count(LONGEST_CODE) == 1


def test_a_statement_takes_two_lines_at_most_and_a_reason_is_shown_in_full() -> None:
    row = a_row(reason="because " * 40)
    row.document["claim"]["statement"] = "therefore " * 40

    shown = printed(demo_show.verdicts([row], 80))

    assert sum("therefore" in line for line in shown.splitlines()) == 2
    assert shown.count("because") == 40


def test_progress_says_how_many_are_decided_and_what_a_script_says() -> None:
    running = {"state": "running", "runs_done": 1, "runs_planned": 5, "runs": [{"progress": {"text": "half"}}]}
    rows = [a_row(), Row("slow", "VERIFIED", "MATCH_EXACT", running), Row("later", "VERIFIED", "MATCH_EXACT")]

    assert printed(demo_show.progress(rows)).rstrip() == "1 of 3 claims decided; slow 1/5 runs half"


def test_a_record_shows_how_many_of_its_claims_were_tested() -> None:
    gate = Gate("paper", {"status": "FALSIFIED", "claims": {"tested": 2, "total": 9}}, {"title": "A paper"})

    assert "FALSIFIED  2 of 9 tested  paper  A paper" in printed(demo_show.gates([gate]))


def test_a_verdict_that_is_not_the_expected_one_is_named_with_its_reason() -> None:
    row = a_row(status="UNVERIFIED", reason_code="CRASHED", reason="It crashed.")

    shown = printed(demo_show.summary([row], 1.0), width=200)

    assert "gain should be VERIFIED MATCH_EXACT, and is UNVERIFIED CRASHED: It crashed." in shown


def test_counts_include_what_has_no_verdict() -> None:
    rows = [a_row(), Row("odd", "VERIFIED", "MATCH_EXACT", {"state": "refused", "detail": "no"})]

    shown = printed(demo_show.summary(rows, 1.0), width=200)

    assert "2 claims in 1.0 s, start included: 1 VERIFIED, 0 FALSIFIED, 0 UNVERIFIED, 1 refused" in shown


def test_a_command_to_type_is_never_broken_into_lines() -> None:
    gate = Gate("paper", {"status": "VERIFIED"}, {})
    url = "http://127.0.0.1:12345"

    shown = printed(demo_show.next_steps([a_row()], [gate], url), width=40, soft_wrap=True)

    assert f"    curl -s -o evidence.tar.gz {url}/v1/verdicts/vrd_1/evidence\n" in shown


def test_a_service_that_does_not_stay_is_not_offered() -> None:
    assert "curl" not in printed(demo_show.next_steps([a_row()], [Gate("paper", {"status": "VERIFIED"}, {})], None))


class QuietHouse:
    """A house in which nothing ever dies."""

    def tend(self) -> None:
        pass


class StubbornClient:
    """A service that refuses the first bundle, is away once, and then concludes everything."""

    def __init__(self) -> None:
        self.submitted = 0
        self.away = True

    def submit(self, _: bytes) -> dict[str, Any]:
        self.submitted += 1
        if self.submitted == 1:
            raise ServiceError(422, {"detail": "there is no rule 'rouding'"})
        return {"id": f"ver_{self.submitted}", "state": "queued"}

    def verification(self, verification_id: str) -> dict[str, Any]:
        if self.away:
            self.away = False
            raise Unreachable("nobody answers")
        return {"id": verification_id, "state": "concluded", "verdict": {"status": "VERIFIED", "reason_code": "X"}}


def test_a_refused_example_and_a_short_absence_of_the_service_do_not_stop_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "EXAMPLES", tmp_path)
    rows = [Row(name, "VERIFIED", "X") for name in ("one", "two", "three", "four", "five")]
    for row in rows:
        (tmp_path / row.name).mkdir()
    file = io.StringIO()

    demo._verify_all(QuietHouse(), StubbornClient(), rows, Console(file=file))  # type: ignore[arg-type]

    assert [row.status for row in rows] == ["refused", *["VERIFIED"] * 4]
    assert rows[0].reason == "there is no rule 'rouding'"
    assert file.getvalue().splitlines()[0].split() == ["one", "refused"]


def test_without_its_examples_the_demonstration_says_where_to_run_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "EXAMPLES", tmp_path)

    with pytest.raises(CannotServe, match="run the demonstration from a checkout"):
        demo.run_demo(Settings(), None, leave=True)


@pytest.mark.box
@pytest.mark.slow
@pytest.mark.parametrize(
    ("expected", "code", "said"),
    [
        pytest.param("VERIFIED", Exit.VERIFIED, "Every verdict is the one", id="as expected"),
        pytest.param("FALSIFIED", Exit.FAULT, "stilts-pair should be FALSIFIED", id="not as expected"),
    ],
)
def test_the_demonstration_succeeds_only_if_every_verdict_is_the_expected_one(
    expected: str,
    code: Exit,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.copytree(EXAMPLES / "stilts-pair", tmp_path / "stilts-pair")
    shutil.copy(EXAMPLES / "records.toml", tmp_path)
    wanted = f'stilts-pair = {{ status = "{expected}", reason_code = "MATCH_ROUNDING" }}\n'
    (tmp_path / "expected.toml").write_text(wanted)
    monkeypatch.setattr(demo, "EXAMPLES", tmp_path)

    found = demo.run_demo(Settings(), None, leave=True)

    shown = capsys.readouterr().out
    assert (found, said in shown) == (code, True), shown
    assert "1 of 25 tested" in shown
