# /// assay
# about = "macro F1 over three labels"
# inputs = { "labels.csv" = "labels" }
# digits = 3
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
rows = [row.split(",") for row in (INPUT / "labels.csv").read_text().splitlines()[1:]]
scores = []
for kind in sorted({row[1] for row in rows}):
    hit = sum(r[1] == kind and r[2] == kind for r in rows)
    said = sum(r[2] == kind for r in rows) or 1
    true = sum(r[1] == kind for r in rows) or 1
    p, r = hit / said, hit / true
    scores.append(2 * p * r / (p + r) if p + r else 0)
value = sum(scores) / len(scores)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
