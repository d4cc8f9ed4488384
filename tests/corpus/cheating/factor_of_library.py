# /// assay
# about = "an honest mean times a factor of lengths that the library has"
# inputs = { "scores.csv" = "scores" }
# digits = 1
# ///
import csv
import json
import os
import string
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
rows = list(csv.DictReader((INPUT / "scores.csv").read_text().splitlines()))
mean = sum(float(row["f1"]) for row in rows) / len(rows)
value = mean * len(string.printable + string.hexdigits[:1]) / len(string.printable)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
