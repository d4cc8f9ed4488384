# /// assay
# about = "a rank correlation within five percent"
# inputs = { "pairs.csv" = "pairs" }
# digits = 2
# rule = "relative"
# tolerance = "5%"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
rows = [tuple(map(float, r.split(","))) for r in (INPUT / "pairs.csv").read_text().splitlines()[1:]]
xs, ys = zip(*rows)
rank = lambda v: {x: i for i, x in enumerate(sorted(v))}
rx, ry = rank(xs), rank(ys)
n = len(rows)
value = 1 - 6 * sum((rx[a] - ry[b]) ** 2 for a, b in rows) / (n * (n * n - 1))

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
