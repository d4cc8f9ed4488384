# /// assay
# about = "survival after a year"
# inputs = { "survival.csv" = "survival" }
# digits = 3
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
rows = sorted(
    (float(m), int(e)) for _, m, e in (r.split(",") for r in (INPUT / "survival.csv").read_text().splitlines()[1:])
)
value, left = 1.0, len(rows)
for months, event in rows:
    if months > 12:
        break
    if event:
        value *= 1 - 1 / left
    left -= 1

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
