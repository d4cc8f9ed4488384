# /// assay
# about = "the largest gain between two rows"
# inputs = { "table.csv" = "two_lines" }
# digits = 1
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
rows = [[float(x) for x in r.split(",")[1:]] for r in (INPUT / "table.csv").read_text().splitlines()[1:]]
value = max(b - a for a, b in zip(rows[0], rows[2]))

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
