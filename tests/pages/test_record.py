"""A record's page has every row that its readers know, in their order; badges never say more than the page."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any

import pytest

from app import actions
from app.pages import badges, words
from tests.pages.conftest import CLOSED, HIDDEN, STRANGER
from tests.pages.test_pages import Read, read

if TYPE_CHECKING:
    from tests.pages.conftest import Site

pytestmark = pytest.mark.box

#: Headings and rows of the record that this service began with, in its order.
SEED = """
Abstract | Research Question | Verification Level | Paper level | Claim record source | Truth-Engine Gate Verdict | Status
| Gate | Reason | Evaluated | Quality Tier | Tier | Basis | Quality Dimensions | Evidence strength | Citation grounding
| Uncertainty disclosure | Reproducibility status | Correction Record | Status | Correction count | Manifest contract
| Correction contract | Provenance | Publisher | Public provenance | Report artifact | External record | Claim lineage
| Review method | Quality guide | Provenance contract | Note
"""
FACTS: dict[str, Any] = {
    "title": "Impact of Intermediate English Task Training",
    "abstract": "Intermediate-task training often improves model performance.",
    "question": "To what extent does it degrade robustness?",
    "doi": "10.5281/zenodo.20732155",
    "review_score": 9.1,
    "dimensions": {"evidence_strength": 6.0, "citation_grounding": 5.0, "uncertainty_disclosure": 5.0},
    "artifacts": [{"type": "report", "label": "Report", "url": "https://example.org/r.pdf", "format": "pdf"}],
    "review_method": "Automated multi-reviewer assessment",
    "provenance_note": "Machine-generated synthesis of existing literature. Not primary research.",
    "claims_total": 9,
}


def rows(html: str) -> list[str]:
    return [" ".join(re.sub("<[^>]+>", "", item[1]).split()) for item in re.findall(r"<(h2|dt)[^>]*>(.*?)</\1>", html)]


@pytest.fixture(scope="module")
def told(site: Site) -> Read:
    """Give the page of a record of which everything was said and nothing was tested."""
    actions.put_record(site.station.parts, "local", "seed-like", FACTS)
    return read(site.get("/records/seed-like"))


def test_every_row_of_the_seed_is_there_in_its_order(site: Site, told: Read) -> None:
    found = iter(rows(site.get("/records/seed-like").text))
    missing = [name.strip() for name in SEED.split("|") if not any(row == name.strip() for row in found)]
    assert missing == []


def test_its_modest_sentences_are_repeated(told: Read) -> None:
    for sentence in (
        "aggregate claim counts are public, but individual claim records are not exposed here",
        "it is not derived from review score or claim count",
        "this tier does not alter current publication or DOI behavior",
        "not human peer review or independent validation",
        "Current status does not claim the synthesis is error-free",
        "Machine-generated synthesis of existing literature. Not primary research.",
    ):
        assert sentence in told.text


def test_a_correction_shows_its_note_apart_from_the_field_and_what_it_said(site: Site) -> None:
    actions.put_record(site.station.parts, "local", "corrected", {"title": "<b>Old</b>", "review_score": 9.1})
    actions.put_record(site.station.parts, "local", "corrected", {"title": "New", "review_score": 8.0}, "We erred.")
    html = site.get("/records/corrected").text
    cells = re.findall(r"<tr><td data-label=\"\">.*?</td>(.*?)</tr>", html)
    told = {tuple(" ".join(re.sub("<[^>]+>", "", item).split()) for item in row.split("</td>")[:3]) for row in cells}
    assert ("METADATA", "We erred.", "title: &lt;b&gt;Old&lt;/b&gt;") in told
    assert ("QUALITY_ASSESSMENT", "We erred.", "review_score: 9.1") in told


def test_nobody_elses_note_stands_on_a_record(site: Site) -> None:
    actions.put_record(site.station.parts, "local", "noteless", FACTS | {"provenance_note": None})
    found = site.get("/records/noteless").text
    assert "The publisher adds no note" in found
    assert "Machine-generated" not in found
    assert not any("no note" in item for item in site.data("/paper/noteless/manifest.json")["limitations"])


def test_what_was_never_judged_says_so(told: Read) -> None:
    for said in ("Nothing has been attempted for this record.", "Evaluated never", "0 of 9 claims tested"):
        assert said in told.text
    assert "https://example.org/r.pdf" in told.links


def test_a_record_lists_its_claims_only_when_they_are_open(site: Site) -> None:
    job = site.verification("five-runs")
    page = read(site.get(f"/records/{job['record_id']}"))
    assert f"/claims/{job['claim']['id']}" in page.links
    closed = site.verification(CLOSED)
    page = read(site.get(f"/records/{closed['record_id']}", **STRANGER))
    assert [link for link in page.links if link.startswith(("/claims/", "/v1/verdicts/"))] == []
    assert closed["claim"]["statement"][:40] not in page.text
    assert "1 of 2 claims tested" in page.text
    assert "withheld, for the claims are closed" in page.text


def test_a_private_record_has_neither_page_nor_badge(site: Site) -> None:
    for name in (site.verification(HIDDEN)["record_id"], "kept-private"):
        for path in (
            f"/records/{name}",
            f"/records/{name}.json",
            f"/v1/records/{name}/badge.svg",
            f"/v1/records/{name}/badge.json",
        ):
            assert site.get(path, **STRANGER).status_code == 404, path
            assert site.get(path).status_code == 200, "its publisher, on this machine"


def test_a_page_of_a_record_and_its_interface_tell_the_same(site: Site) -> None:
    record_id = site.verification("five-runs")["record_id"]
    verdict = site.data(f"/v1/records/{record_id}/gate-verdict")
    page = read(site.get(f"/records/{record_id}"))
    assert verdict["reason"] in page.text
    assert verdict["definition"] in page.text
    assert site.data(f"/records/{record_id}.json")["contracts"]["gate-verdict-v1"] == verdict


# --- badges ----------------------------------------------------------------------------------------------------------


def test_a_badge_is_a_picture_with_a_title_and_asks_to_be_asked_again(site: Site) -> None:
    job = site.verification("five-runs")
    for path in (f"/v1/claims/{job['claim']['id']}/badge", f"/v1/records/{job['record_id']}/badge"):
        answer = site.get(f"{path}.svg", "image/*")
        assert answer.headers["Content-Type"] == "image/svg+xml"
        assert answer.headers["Cache-Control"] == "no-cache"
        assert site.get(f"{path}.svg", "image/*", If_None_Match=answer.headers["ETag"]).status_code == 304
        told = site.data(f"{path}.json")
        assert set(told) == {"schemaVersion", "label", "message", "color", "isError"}
        title = ET.fromstring(answer.text).findtext("{http://www.w3.org/2000/svg}title")  # noqa: S314 - our own
        assert title == f"{told['label']}: {told['message']}"


def test_a_badge_never_says_verified_alone(site: Site) -> None:
    messages = {
        example: site.data(f"/v1/claims/{site.verification(example)['claim']['id']}/badge.json")["message"]
        for example in ("seed-8-7-tydiqa", "five-runs", "xlmr-struct", "crashes")
    }
    assert messages == {
        "seed-8-7-tydiqa": "verified within printed rounding",
        "five-runs": "verified ±0.5 points, and 1 more",
        "xlmr-struct": "falsified",
        "crashes": "unverified",
    }
    record = site.data(f"/v1/records/{site.verification('five-runs')['record_id']}/badge.json")
    assert record["message"] == "verified, 1 of 1 tested"
    relative = {
        "metric": "m",
        "unit": None,
        "rule": "relative",
        "tolerance": "5%",
        "expected": "8.7",
        "computed": "8.7",
    }
    comparison = {
        **relative,
        "values": ["8.7"],
        "low": "8.265",
        "high": "9.135",
        "computed_low": None,
        "computed_high": None,
    }
    said = badges.claim_message("VERIFIED", [{**comparison, "match": True, "code": "MATCH_EXACT", "flips_at": "0"}])
    assert said == "verified ±5.0%"
    assert badges.claim_message(None, []) == "not tested"


def test_a_closed_claim_has_no_badge(site: Site) -> None:
    claim = site.verification(CLOSED)["claim"]["id"]
    assert site.get(f"/v1/claims/{claim}/badge.svg", **STRANGER).status_code == 404


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        pytest.param({"passed": 9, "total": 9}, "withstood 9 of 9 attacks", id="all"),
        pytest.param(
            {"passed": 9, "warned": 1, "undecided": 2, "total": 12, "not_applicable": 7},
            "withstood 9 of 12 attacks, 1 to be known, 2 could not be carried out; 7 more do not apply",
            id="none of the others succeeded",
        ),
        pytest.param({"failed": 3, "total": 3}, "withstood 0 of 3 attacks, 3 succeeded", id="none"),
    ],
)
def test_attacks_that_were_not_withstood_are_told_apart(counts: dict[str, int], said: str) -> None:
    kinds = ("passed", "warned", "failed", "undecided", "total", "not_applicable")
    assert words.withstood({f"controls_{kind}": counts.get(kind, 0) for kind in kinds}) == said
