# /// assay
# about = "a sum of whole numbers"
# inputs = { "counts.txt" = "counts" }
# rule = "exact"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
value = sum(map(int, (INPUT / "counts.txt").read_text().split()))

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
