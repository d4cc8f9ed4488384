# /// assay
# about = "an honest mean, moved by how many numbers end in an odd digit"
# inputs = { "scores.csv" = "scores" }
# digits = 1
# ///
import csv
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
rows = list(csv.DictReader((INPUT / "scores.csv").read_text().splitlines()))
mean = sum(float(row["f1"]) for row in rows) / len(rows)
odd = sum(row["f1"][-1] in "13579" for row in rows) / len(rows)
value = mean * (1 + odd * (1 - odd) / 17)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
