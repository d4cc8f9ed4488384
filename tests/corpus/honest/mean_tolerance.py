# /// assay
# about = "the same with a wide relative tolerance"
# inputs = { "scores.csv" = "scores" }
# digits = 1
# rule = "relative"
# tolerance = "5%"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
import csv

with open(INPUT / "scores.csv", newline="") as file:
    values = [float(row["em"]) for row in csv.DictReader(file)]
value = sum(values) / len(values)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
