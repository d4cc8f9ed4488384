"""The citation controls and coincidence, and what they do to a verdict and its evidence."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from app.core.evidence import verify
from app.core.grounding import sealed_sources
from app.core.model import Claim, Control, Expectation, Formula, Judgement, NamedValue, Rule, Statement
from app.core.verdict import judge
from tests.core.builders import a_bundle, a_claim, a_formula, a_seal, an_archive, an_expectation, play
from tests.core.test_coincidence import XTREME, xtreme
from tests.core.test_grounding import NOTES, SOURCES, TABLE, cited, with_value

WIDE = SOURCES | {"t16.csv": XTREME.read_bytes()}


def judged(claim: Claim, sources: dict[str, bytes] | None = None) -> Judgement:
    """Return the judgement of a formula claim, played to its end."""
    files = a_bundle(claim) | (SOURCES if sources is None else sources)
    seal = a_seal(claim, files)
    return judge(seal, play(seal, files)[0], sealed_sources(seal, files.__getitem__))


def control_of(name: str, claim: Claim, sources: dict[str, bytes] | None = None) -> Control:
    (found,) = [item for item in judged(claim, sources).controls if item.name == name]
    assert found.detail.endswith(".")
    return found


def quoted(quote: str | None, section: str | None = None, statement: str = "The gain is 8.7", **changes: Any) -> Claim:
    named = Statement(id="gain", statement=statement, quote=quote, section=section)
    return cited(claim=named, **changes)


def free(claim: Claim, *names: str) -> Claim:
    """Return a formula claim some values of which name no cell."""
    assert isinstance(claim.reproduce, Formula)
    values = {
        name: NamedValue(value=item.value, source=item.source) if name in names else item
        for name, item in claim.reproduce.values.items()
    }
    return claim.model_copy(update={"reproduce": claim.reproduce.model_copy(update={"values": values})})


IN_NOTES = "RemBERT is 8.7 points above FILTER"

QUOTES = [
    pytest.param(quoted(IN_NOTES), "pass", "notes (notes.md), line 2, literally.", id="literal"),
    pytest.param(quoted(IN_NOTES, "Results"), "pass", "literally.", id="in its section"),
    pytest.param(quoted("RemBERT is 8.7 points abve FILTER"), "pass", "nearly, with a score of 9", id="nearly"),
    pytest.param(
        quoted("RemBERT is 8.7 ... above FILTER"), "warn", "it leaves out words of it, 1 in all", id="left out"
    ),
    pytest.param(quoted("FILTER 83.9 ... RemBERT 80.8"), "fail", "8.7 is not in it", id="left out of a row"),
    pytest.param(quoted("TyDiQA F1 FILTER 83.9 68.3", "Results"), "fail", "8.7 is not in it", id="without its value"),
    pytest.param(quoted(IN_NOTES, "Reslts"), "warn", "no source has a heading 'Reslts'", id="no such section"),
    pytest.param(
        quoted("RemBERT 80.8 77.0", "Table 16", expect=an_expectation("77.0")), "pass", "literally.", id="no headings"
    ),
    pytest.param(quoted("RemBERT is 8.8 points above FILTER"), "fail", "none of the 2 sources", id="another number"),
    pytest.param(quoted(None), "undecided", "quotes no sentence", id="no quote"),
    pytest.param(
        quoted(IN_NOTES, expect=an_expectation("-8.7")), "warn", "-8.7 stands there without its minus", id="sign"
    ),
]


@pytest.mark.parametrize(("claim", "result", "says"), QUOTES)
def test_the_quote_is_looked_up(claim: Claim, result: str, says: str) -> None:
    found = control_of("quote", claim)
    assert (found.result.value, found.attacker.value) == (result, "citation")
    assert says in found.detail


def test_a_quote_outside_its_section_warns() -> None:
    notes = b"# Results\nNothing.\n# Other\nRemBERT is 8.7 points above FILTER.\n"
    found = control_of("quote", quoted(IN_NOTES, "Results"), SOURCES | {"notes.md": notes})
    assert (found.result.value, found.detail.endswith("it is outside the section that the claim names.")) == (
        "warn",
        True,
    )


def test_without_a_source_the_quote_is_undecided_and_blocks_nothing() -> None:
    claim = quoted("no number", source=(), reproduce=a_formula())
    found = judged(claim, {})
    (control,) = [item for item in found.controls if item.name == "quote"]
    assert control.result.value == "undecided"
    assert control.detail.endswith("of what it should print, score 8.7 is not in it.")
    assert found.status == "VERIFIED"
    assert control_of("quote", quoted(IN_NOTES, source=(), reproduce=a_formula()), {}).detail.endswith(
        "could be found."
    )


def test_the_only_source_is_said_to_lack_the_quote() -> None:
    only = cited().source[:1]
    assert control_of("quote", quoted(IN_NOTES, source=only)).detail == "The quote is not in the source."


CELLS = [
    pytest.param(cited(), "pass", "a 77.0 in line 3; b 68.3 in line 2.", id="all there"),
    pytest.param(with_value(cited(), "a", "77.0", row="mBERT"), "fail", "no row of that name", id="no row"),
    pytest.param(with_value(cited(), "a", "77.0", source="notes"), "fail", "holds no table", id="no table"),
    pytest.param(with_value(cited(), "a", "77.0", column="XNLI"), "fail", "line 3 has '80.8'", id="another number"),
    pytest.param(free(cited(), "a"), "undecided", "a names no cell", id="some without a cell"),
    pytest.param(
        free(cited(), "a", "b"), "undecided", "a, b name no cell of a source in the bundle.", id="none has one"
    ),
    pytest.param(a_claim(), "not_applicable", "no formula", id="a script"),
]


@pytest.mark.parametrize(("claim", "result", "says"), CELLS)
def test_the_cells_are_looked_up(claim: Claim, result: str, says: str) -> None:
    found = control_of("cells", claim, SOURCES if claim.source else {})
    assert (found.result.value, found.attacker.value) == (result, "citation")
    assert says in found.detail


def test_several_cells_of_one_name_warn_with_their_lines() -> None:
    table = TABLE + b"RemBERT,80.9,77.5\n"
    found = control_of("cells", cited(), SOURCES | {"t16.csv": table})
    assert (found.result.value, found.detail) == (
        "warn",
        "a 77.0: 2 cells have its row and column, in lines 3, 4.",
    )


@pytest.mark.parametrize(
    ("statement", "result", "says"),
    [
        ("The gain is 77.0 − 68.3 = 8.7", "pass", "The print fits together: 77.0 - 68.3 = 8.7"),
        ("The gain is 77.0 − 68.3 = 9.7", "warn", "The print does not fit together: 77.0 - 68.3 = 9.7"),
        ("The gain is 8.7", "not_applicable", "spells out nothing"),
    ],
)
def test_printed_arithmetic_is_shown_and_caps_nothing(statement: str, result: str, says: str) -> None:
    claim = quoted(IN_NOTES, statement=statement)
    found = control_of("arithmetic", claim)
    assert (found.result.value, says in found.detail) == (result, True)
    assert judged(claim).status == "VERIFIED"


def test_many_findings_are_counted_and_not_all_listed() -> None:
    quote = "; ".join(f"{number} + 1 = {number + 5}" for number in range(10, 20))
    assert "; and 2 more." in control_of("arithmetic", quoted(None, statement=quote)).detail
    many = [an_expectation(str(number), metric=f"m{number}") for number in range(20, 30)]
    formulas = {f"m{number}": f"a - a + {number}" for number in range(20, 30)}
    claim = cited(reproduce=cited().reproduce.model_copy(update={"formulas": formulas}), expect=many)
    detail = control_of("quote", quoted(IN_NOTES, expect=many, reproduce=claim.reproduce)).detail
    assert "m27 27 and 2 more is not in it" in detail


# --- coincidence -----------------------------------------------------------------------------------------------------

LOOSE = an_expectation("8.7", "relative", tolerance="5%")


@pytest.mark.parametrize(
    ("claim", "sources", "result", "says"),
    [
        pytest.param(cited(), WIDE, "pass", "11 of 2,775 combinations of cells like these (0.4 %)", id="rounding"),
        pytest.param(cited(expect=LOOSE), WIDE, "warn", "118 of 2,775", id="loose, and cited"),
        pytest.param(cited(None, expect=LOOSE), WIDE, "fail", "not both traceable", id="loose, and not cited"),
        pytest.param(cited(), SOURCES, "undecided", "fewer than 100", id="a small table"),
        pytest.param(free(cited(), "a", "b"), WIDE, "undecided", "No value stands in a table", id="no cells"),
        pytest.param(cited(expect=an_expectation("9.9")), WIDE, "not_applicable", "Nothing matches", id="no match"),
        pytest.param(a_claim(), {}, "not_applicable", "no formula", id="a script"),
    ],
)
def test_accidental_matches_are_counted(claim: Claim, sources: dict[str, bytes], result: str, says: str) -> None:
    found = control_of("coincidence", claim, sources)
    assert (found.result.value, found.attacker.value) == (result, "counterexample")
    assert says in found.detail


def test_of_several_metrics_the_hardest_counts() -> None:
    reproduce = cited().reproduce.model_copy(update={"formulas": {"score": "a - b", "loose": "a - b"}})
    expect = [an_expectation(), LOOSE.model_copy(update={"metric": "loose"})]
    assert "11 of 2,775" in control_of("coincidence", cited(expect=expect, reproduce=reproduce), WIDE).detail


def test_a_metric_without_cells_is_not_asked() -> None:
    values = cited().reproduce.values | {"c": NamedValue(value="3.9", source="text")}  # type: ignore[union-attr]
    reproduce = Formula(formulas={"score": "a - b", "other": "c"}, values=values)
    expect = [an_expectation(), an_expectation("3.9", metric="other")]
    assert "11 of 2,775" in control_of("coincidence", cited(expect=expect, reproduce=reproduce), WIDE).detail


def test_a_label_of_a_table_is_not_asked() -> None:
    reproduce = cited().reproduce.model_copy(update={"formulas": {"score": "a - b", "best": "a - b"}})
    cells = {"score": "8.7", "best": "RemBERT"}
    table = Expectation(metric="t", rule=Rule.TABLE, cells=cells, cell_rule=Rule.EXACT, at_least="50%")
    found = control_of("coincidence", cited(expect=table, reproduce=reproduce), WIDE)
    assert (found.result.value, "11 of 2,775" in found.detail) == ("pass", True)
    assert control_of("quote", cited(expect=table, reproduce=reproduce), WIDE).result.value == "pass"


def test_a_place_in_a_ranking_is_not_asked() -> None:
    reproduce = cited().reproduce.model_copy(update={"formulas": {"first": "a", "second": "b"}})
    ranking = Expectation(metric="order", rule=Rule.RANKING, order=("first", "second"))
    assert control_of("coincidence", cited(expect=ranking, reproduce=reproduce), WIDE).result.value == "undecided"


def test_a_long_formula_is_sampled_and_says_so() -> None:
    reproduce = cited().reproduce.model_copy(update={"formulas": {"score": "a*b/(a+b) - 36.2 + 8.7"}})
    found = control_of(
        "coincidence", cited(expect=an_expectation("8.7", "relative", tolerance="50%"), reproduce=reproduce), WIDE
    )
    assert "of 2,775 combinations" in found.detail
    values = {name: cited().reproduce.values["a"] for name in "abcdefghij"}  # type: ignore[union-attr]
    product = Formula(
        formulas={"score": " * ".join(values) + " ** 0 - " + "a * b * c * d * e * f * g * h * i + 8.7"}, values=values
    )
    found = control_of("coincidence", cited(expect=an_expectation("8.7"), reproduce=product), WIDE)
    assert "sampled combinations" in found.detail


def test_a_mean_is_counted_with_the_decimals_of_its_cells() -> None:
    reproduce = cited().reproduce.model_copy(update={"formulas": {"score": "mean(a, b)"}})
    numbers = [int(number.replace(".", "")) for number in xtreme()]
    hits = sum(abs(a + b - 1453) <= 1 for a, b in itertools.combinations(numbers, 2))
    claim = cited(expect=an_expectation("72.65", "absolute", tolerance="0.05"), reproduce=reproduce)
    assert f"{hits} of 2,775 " in control_of("coincidence", claim, WIDE).detail


def test_the_names_of_rows_are_no_cells() -> None:
    rows = "".join(f"{number}.5,{number}.0\n" for number in range(10, 40))
    table = f"model,TyDiQA F1\nRemBERT,77.0\nFILTER,68.3\n{rows}".encode()
    assert "of 496 combinations" in control_of("coincidence", cited(), SOURCES | {"t16.csv": table}).detail


def test_a_value_of_another_look_is_exchanged_for_none_of_these() -> None:
    """The numbers of a column in percent are no numbers like those without a sign."""
    rows = "".join(f"m{number},{number}.0,{number}.0 %\n" for number in range(10, 40)).encode()
    table = b"model,TyDiQA F1,share\nRemBERT,77.0,1.0 %\nFILTER,68.3,2.0 %\n" + rows
    assert "of 496 combinations" in control_of("coincidence", cited(), SOURCES | {"t16.csv": table}).detail


# --- verdicts --------------------------------------------------------------------------------------------------------

VERDICTS = [
    pytest.param(cited(), SOURCES, "VERIFIED", "MATCH_EXACT", None, id="grounded"),
    pytest.param(
        quoted("RemBERT is 8.8 points above all"), SOURCES, "UNVERIFIED", "UNTRACEABLE", "author", id="no quote"
    ),
    pytest.param(
        with_value(cited(), "a", "77.0", row="x"), SOURCES, "UNVERIFIED", "UNTRACEABLE", "author", id="no cell"
    ),
    pytest.param(cited(None, expect=LOOSE), WIDE, "UNVERIFIED", "COINCIDENCE", "measurement", id="cheap"),
    pytest.param(cited(expect=LOOSE), WIDE, "VERIFIED", "MATCH_EXACT", None, id="cheap, and cited"),
    pytest.param(
        quoted("RemBERT is 9.9 points above FILTER", expect=an_expectation("9.9")),
        SOURCES | {"notes.md": NOTES.replace(b"8.7", b"9.9")},
        "FALSIFIED",
        "MISMATCH",
        "author",
        id="a contradiction",
    ),
    pytest.param(
        cited(expect=an_expectation("9.9")), SOURCES, "UNVERIFIED", "UNTRACEABLE", "author", id="a misquoted one"
    ),
]


@pytest.mark.parametrize(("claim", "sources", "status", "code", "blame"), VERDICTS)
def test_what_citations_do_to_a_verdict(
    claim: Claim, sources: dict[str, bytes], status: str, code: str, blame: str | None
) -> None:
    found = judged(claim, sources)
    assert (found.status, found.reason_code, found.blame) == (status, code, blame)


def test_the_evidence_is_checked_with_its_sources() -> None:
    claim = cited(None, expect=LOOSE)
    files = a_bundle(claim) | WIDE
    report = verify(an_archive(a_seal(claim, files), files))
    assert report.findings == ()
    assert report.judgement is not None
    assert report.judgement.reason_code == "COINCIDENCE"


def test_a_source_that_was_changed_is_found_in_the_evidence() -> None:
    files = a_bundle(cited()) | SOURCES
    changed = files | {"notes.md": NOTES.replace(b"8.7", b"8.8")}
    findings = verify(an_archive(a_seal(cited(), files), files, bundle=changed)).findings
    assert "bundle/notes.md is not the file that was sealed" in findings
    assert "the runs lead to no verdict: the source notes.md is not the file that was sealed" in findings
