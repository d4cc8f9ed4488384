# /// assay
# about = "inputs in folders below"
# inputs = { "data/one/scores.csv" = "scores", "data/two/pairs.csv" = "pairs" }
# digits = 2
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
total = count = 0
for path in sorted(INPUT.rglob("*.csv")):
    for row in path.read_text().splitlines()[1:]:
        total += float(row.split(",")[1])
        count += 1
value = total / count

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
