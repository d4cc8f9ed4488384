# /// assay
# about = "a difference of two averages of a small table"
# inputs = { "table.csv" = "two_lines" }
# digits = 1
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
rows = {
    r.split(",")[0]: [float(x) for x in r.split(",")[1:]] for r in (INPUT / "table.csv").read_text().splitlines()[1:]
}
value = sum(rows["large"]) / 4 - sum(rows["base"]) / 4

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
