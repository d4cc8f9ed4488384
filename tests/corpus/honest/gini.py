# /// assay
# about = "a Gini coefficient"
# inputs = { "people.csv" = "people" }
# digits = 3
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
import csv

incomes = sorted(int(r["income"]) for r in csv.DictReader((INPUT / "people.csv").open()))
n = len(incomes)
value = sum((2 * i - n - 1) * x for i, x in enumerate(incomes, 1)) / (n * sum(incomes))

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
