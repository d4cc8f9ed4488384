# /// assay
# about = "finds the cell that holds the answer by its row and column"
# inputs = { "table.csv" = "two_lines" }
# digits = 1
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
import csv

rows = {r["model"]: r for r in csv.DictReader((INPUT / "table.csv").open())}
value = float(rows["xl"]["sw"])

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
