# /// assay
# about = "a packed table"
# inputs = { "scores.csv.gz" = "packed" }
# digits = 2
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
import csv, gzip

with gzip.open(INPUT / "scores.csv.gz", "rt", newline="") as file:
    rows = list(csv.DictReader(file))
weights = [int(r["n"]) for r in rows]
value = sum(float(r["f1"]) * n for r, n in zip(rows, weights)) / sum(weights)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
