# /// assay
# about = "how far the best of a column is ahead of its mean"
# inputs = { "table.csv" = "two_lines" }
# digits = 2
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
import csv

rows = {r["model"]: r for r in csv.DictReader((INPUT / "table.csv").open())}
column = [float(row["sw"]) for row in rows.values()]
value = max(column) - sum(column) / len(column)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
