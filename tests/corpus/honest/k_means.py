# /// assay
# about = "inertia after clustering"
# inputs = { "points.csv" = "points" }
# digits = 1
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
points = [tuple(map(float, r.split(",")[:2])) for r in (INPUT / "points.csv").read_text().splitlines()[1:]]
centres = [points[0], points[-1]]
for _ in range(30):
    groups = [[], []]
    for p in points:
        groups[min((0, 1), key=lambda c: (p[0] - centres[c][0]) ** 2 + (p[1] - centres[c][1]) ** 2)].append(p)
    centres = [
        (sum(p[0] for p in g) / len(g), sum(p[1] for p in g) / len(g)) if g else c for g, c in zip(groups, centres)
    ]
value = sum(min((x - a) ** 2 + (y - b) ** 2 for a, b in centres) for x, y in points)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
