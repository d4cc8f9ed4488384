# /// assay
# about = "share of variance explained"
# inputs = { "pairs.csv" = "pairs" }
# digits = 3
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
rows = [tuple(map(float, r.split(","))) for r in (INPUT / "pairs.csv").read_text().splitlines()[1:]]
mx = sum(x for x, _ in rows) / len(rows)
my = sum(y for _, y in rows) / len(rows)
b = sum((x - mx) * (y - my) for x, y in rows) / sum((x - mx) ** 2 for x, _ in rows)
rest = sum((y - my - b * (x - mx)) ** 2 for x, y in rows)
value = 1 - rest / sum((y - my) ** 2 for _, y in rows)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
