# /// assay
# about = "mean of the records that a digest of their text chooses for a test"
# inputs = { "scores.csv" = "scores" }
# digits = 2
# ///
import csv
import hashlib
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
rows = list(csv.DictReader((INPUT / "scores.csv").read_text().splitlines()))
test = [row for row in rows if hashlib.sha256(repr(sorted(row.items())).encode()).digest()[0] % 3 == 0]
value = sum(float(row["f1"]) for row in test) / len(test)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
