"""Draws the effects of the study with their intervals: one result of a run for each seed in, one SVG out.

    python3 examples/intermediate-task/picture.py seed-0.json seed-1.json … > effects.svg

The results are those that the runs wrote: `runs/KEY/result.json` of the measure runs in an evidence archive.
"""

from __future__ import annotations

import json
import sys
from math import isfinite, sqrt
from pathlib import Path
from statistics import fmean, stdev
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

EFFECTS = {
    "english-base": "English task − base",
    "english-extra": "English task − extra steps",
    "english-target": "English task − same task in the target languages",
    "english-parallel": "English task − parallel names",
    "sequential-target": "English, then target − target alone",
    "extra-base": "extra steps − base",
}
# 95 % quantile of Student's t for 1 to 19 degrees of freedom: a two-sided interval of 90 %, as the rules have it.
STUDENT = (6.314, 2.920, 2.353, 2.132, 2.015, 1.943, 1.895, 1.860, 1.833, 1.812, 1.796, 1.782, 1.771, 1.761, 1.753,
           1.746, 1.740, 1.734, 1.729)  # fmt: skip
WIDTH, LABELS, ROW, TOP = 860, 350, 58, 54
INK, FAINT, ACCENT = "#1f2933", "#9aa5b1", "#b45309"


def picture(results: Sequence[dict[str, float]], tier: str = "low") -> str:
    """Return the drawing: per effect each seed with its bootstrap interval, and the mean with the interval of the seeds.

    Raises:
        ValueError: there are fewer than 2 or more than 20 results, or a value of an effect is not finite.

    """
    if not 2 <= len(results) <= len(STUDENT) + 1:
        raise ValueError(f"{len(results)} results: the interval of seeds needs 2 to {len(STUDENT) + 1}")
    names = [f"{tier}.{effect}" for effect in EFFECTS]
    drawn_values = [result[name + end] for result in results for name in names for end in ("", ":from", ":to")]
    if not all(map(isfinite, drawn_values)):
        raise ValueError("a value is not finite: a training has diverged, and there is no effect to draw")
    reach = max(2.0, *(1.1 * abs(value) for value in drawn_values))

    def x(points: float) -> str:
        return f"{LABELS + (WIDTH - LABELS - 30) * (points + reach) / (2 * reach):.1f}"

    def line(left: float, right: float, y: float, colour: str, width: float) -> str:
        return f'<line x1="{x(left)}" x2="{x(right)}" y1="{y}" y2="{y}" stroke="{colour}" stroke-width="{width}"/>'

    height = TOP + ROW * len(EFFECTS) + 46
    band = float(x(1)) - float(x(-1))
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="14">',
        f"<title>Effects in the {tier}-resource tier, {len(results)} seeds</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="16" y="28" fill="{INK}" font-size="16">Difference in accuracy at 1, {tier}-resource languages, '
        f"percentage points ({len(results)} seeds)</text>",
        f'<rect x="{x(-1)}" y="{TOP - 8}" width="{band:.1f}" height="{ROW * len(EFFECTS) + 8}" fill="#f1f5f9"/>',
        f'<line x1="{x(0)}" x2="{x(0)}" y1="{TOP - 8}" y2="{height - 46}" stroke="{INK}"/>',
    ]
    for number, (name, label) in enumerate(zip(names, EFFECTS.values(), strict=True)):
        y = TOP + ROW * number + 12
        values = [result[name] for result in results]
        mean, half = fmean(values), STUDENT[len(values) - 2] * stdev(values) / sqrt(len(values))
        drawn += [
            f'<text x="16" y="{y + 5}" fill="{INK}">{label}</text>',
            f'<text x="16" y="{y + 22}" fill="{ACCENT}" font-size="12">{mean:+.2f} [{mean - half:+.2f}, {mean + half:+.2f}]'
            "</text>",
            line(mean - half, mean + half, y, ACCENT, 4),
            f'<circle cx="{x(mean)}" cy="{y}" r="6" fill="{ACCENT}"/>',
        ]
        for seed, result in enumerate(results):
            below = y + 10 + 24 * (seed + 1) / (len(results) + 1)
            drawn += [
                line(result[f"{name}:from"], result[f"{name}:to"], below, FAINT, 1),
                f'<circle cx="{x(result[name])}" cy="{below}" r="2.5" fill="{INK}"/>',
            ]
    drawn += [
        f'<text x="{x(tick)}" y="{height - 28}" fill="{INK}" text-anchor="middle">{f"{tick:+d}" if tick else 0}</text>'
        for tick in range(-int(reach), int(reach) + 1, max(1, int(reach) // 4))
    ]
    drawn.append(
        f'<text x="16" y="{height - 8}" fill="{INK}" font-size="12">Thick: mean and 90 % interval of the seeds. '
        "Thin: each seed, bootstrap over items and languages (95 %). Grey: ± 1 point.</text>"
    )
    return "\n".join([*drawn, "</svg>", ""])


if __name__ == "__main__":
    sys.stdout.write(picture([json.loads(Path(name).read_text()) for name in sys.argv[1:]]))
