# /// assay
# about = "a share of labels that agree"
# inputs = { "labels.csv" = "labels" }
# digits = 3
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
rows = [row.split(",") for row in (INPUT / "labels.csv").read_text().splitlines()[1:]]
value = sum(gold == pred for _, gold, pred in rows) / len(rows)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
