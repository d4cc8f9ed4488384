# /// assay
# about = "Brier score"
# inputs = { "binary.csv" = "binary" }
# digits = 3
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
import csv

with (INPUT / "binary.csv").open() as file:
    rows = [(int(r["truth"]), float(r["p"])) for r in csv.DictReader(file)]
value = sum((t - p) ** 2 for t, p in rows) / len(rows)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
