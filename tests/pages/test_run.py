"""The page of a run: parts of its log, what it used as time went on, how long the like of it takes."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from app.core import loglines
from app.pages import chart, words
from app.pages.log import BEFORE, LINES_MAX, Part, part, plain
from app.store.blobs import Blobs

if TYPE_CHECKING:
    from pathlib import Path

    from tests.pages.conftest import Site


@dataclass(frozen=True)
class Kept:
    """Where a log lies."""

    blobs: Blobs


def show(folder: Path, log: bytes, around: int | None = None, *, known: bool = True) -> Part:
    blobs = Blobs(folder)
    digest = blobs.put(log)
    parts: Any = Kept(blobs)
    return part(parts, digest, loglines.index(log) if known else None, around)


def test_a_log_shows_its_last_lines_with_their_own_numbers_and_nothing_that_steers(tmp_path: Path) -> None:
    log = b"".join(b"line %d\n" % index for index in range(1, 2001)) + b"\x1b[31m<b>\r\n"
    for known in (True, False):
        found = show(tmp_path, log, known=known)
        assert (found.total, found.first, found.last, found.later) == (2001, 2002 - LINES_MAX, 2001, None)
        assert [number for number, _ in found.lines] == list(range(2002 - LINES_MAX, 2002))
        assert found.lines[-1][1] == "\N{REPLACEMENT CHARACTER}[31m<b>"
    assert show(tmp_path, b"").lines == []
    assert show(tmp_path, b"\xff\n").lines == [(1, "\N{REPLACEMENT CHARACTER}")]
    assert len(plain("ä".encode() * 9_999)) == len(plain(b"x" * 9_999)) == 500


def test_any_line_of_a_log_can_be_shown_and_walking_back_shows_them_all(tmp_path: Path) -> None:
    log = b"".join(b"line %d\n" % index for index in range(1, 3001))
    found = show(tmp_path, log, 1234)
    assert found.shows(1234)
    assert found.lines[BEFORE] == (1234, "line 1234")
    assert show(tmp_path, log, 9_999_999).last == 3000
    seen, around = set(), None
    for _ in range(20):
        found = show(tmp_path, log, around)
        seen |= {number for number, _ in found.lines}
        around = found.earlier
        if around is None:
            break
    assert seen == set(range(1, 3001))
    ahead = show(tmp_path, log, 1)
    assert ahead.later is not None
    assert show(tmp_path, log, ahead.later).first == ahead.last + 1


def test_of_a_log_of_long_lines_the_end_is_shown(tmp_path: Path) -> None:
    log = (b"x" * 20_000 + b"\n") * 800 + b"the end\n"
    found = show(tmp_path, log)
    assert found.lines[-1] == (801, "the end")
    assert found.later is None


def test_a_first_error_that_is_not_shown_has_an_address(site: Site) -> None:
    run = site.verification("crashes")["runs"][0]
    page = site.get(f"/runs/{run['id']}").text
    assert 'href="#E1">first error' in page
    moved = site.get(f"/runs/{run['id']}?stderr=3").text
    assert 'id="E3" href="?stderr=3#E3"' in moved, "a line's address keeps showing it"
    assert f'href="/runs/{run["id"]}#stderr">the end' in moved
    for wrong in ("stderr=0", "stderr=x", "stdout=-1"):
        assert site.get(f"/runs/{run['id']}?{wrong}").status_code == 422, wrong


def test_a_run_names_the_commands_that_check_its_verdict(site: Site) -> None:
    job = site.verification("five-runs")
    page = html.unescape(site.get(f"/runs/{job['runs'][0]['id']}").text)
    assert f"curl -o evidence.tar.gz {site.url}/v1/verdicts/{job['verdict']['id']}/evidence" in page
    assert "assay evidence verify evidence.tar.gz --key keys.json" in page


def test_a_run_that_waits_renews_itself_and_shows_where_it_stands(site: Site) -> None:
    job = site.submit_waiting("run-page")
    run = site.data(f"/verifications/{job}.json")["purposes"][0]["runs"][0]["id"]
    page = site.get(f"/runs/{run}").text
    assert f'hx-get="/runs/{run}?part=live"' in page
    assert re.search(r'<li class="now" aria-current="step">queued', page)
    fragment = site.get(f"/runs/{run}?part=live")
    assert fragment.text.lstrip().startswith("<div")
    assert "HX-Refresh" not in fragment.headers
    assert site.post(f"/v1/verifications/{job}/cancel").status_code == 202
    ended = site.get(f"/runs/{run}?part=live")
    assert ended.headers["HX-Refresh"] == "true", "its page is loaded anew when it has ended"
    assert "hx-get" not in ended.text


# --- what it used ----------------------------------------------------------------------------------------------------

CPUS, MEMORY = 2, 1 << 30


def test_curves_lie_within_their_plot_and_mean_what_was_noted() -> None:
    samples = [(500, 500, 100 << 20), (1000, 1500, 300 << 20), (2000, 1500, 200 << 20)]
    found = chart.curves(samples, CPUS, MEMORY)
    assert found is not None
    busy, held = found
    assert [x for x, _ in busy.points] == [0.25, 0.5, 1]
    top = float(busy.top)
    assert [round(y * top, 2) for _, y in busy.points] == [pytest.approx(1, abs=0.05), pytest.approx(2, abs=0.05), 0]
    assert busy.limit == pytest.approx(1 / 1.2, abs=1e-4), "two processors are the limit, and the most"
    assert held.limit is None, "a limit far above would press the curve to the floor"
    assert held.told == "1,024 allowed"
    assert [round(y * 360) for _, y in held.points] == [100, 300, 200]


@pytest.mark.parametrize("samples", [[], [(500, 1, 1)], [(0, 0, 0)] * 9, [(1, 0, 0), (1, 0, 0), (1, 0, 0)]])
def test_what_is_no_curve_is_not_drawn_or_drawn_flat(samples: list[tuple[int, int, int]]) -> None:
    found = chart.curves(samples, CPUS, MEMORY)
    if found is not None:
        assert all(0 <= share <= 1 for curve in found for point in curve.points for share in point)
        assert "nan" not in chart.drawn(found, 1)


def test_everything_that_is_drawn_lies_in_its_picture() -> None:
    samples = [(500 * index, 480 * index, index * 9 << 20) for index in range(1, 60)]
    found = chart.curves(samples, CPUS, 600 << 20)
    assert found is not None
    for kind, width in chart.WIDTHS.items():
        drawing = chart._drawing(found, 30.0, kind, width)
        height = float(re.findall(r' height="([\d.]+)">', drawing)[0])
        for places in re.findall(r'points="([^"]+)"', drawing):
            for place in places.split():
                x, y = map(float, place.split(","))
                assert 0 <= x <= width
                assert 0 <= y <= height
        lowest = max(float(y) for y in re.findall(r' y="([\d.]+)"', drawing))
        assert lowest <= height


# --- words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [
        (0.31, 0.52, "0.31–0.52 s"),
        (3.14159, 4.11, "3.1–4.2 s"),
        (41.7, 68.2, "41–69 s"),
        (5, 5, "5.0 s"),
        (118.9, 131, "110–140 s"),
        (240, 600, "4.0–10 min"),
        (0.0, 0.02, "0.00–0.02 s"),
    ],
)
def test_a_usual_time_is_told_with_two_digits_that_keep_it_inside(low: float, high: float, told: str) -> None:
    assert words.range(low, high) == told


def test_what_a_correction_says_was_before_reads_like_a_sentence() -> None:
    assert (
        words.before({"status": "VERIFIED", "reason_code": "MATCH_EXACT"}) == "status VERIFIED, reason code MATCH_EXACT"
    )
    assert words.before({"n": 1}) == '{"n": 1}'
    assert words.before("as it was") == "as it was"
