# /// assay
# about = "mean length in metres, from feet"
# inputs = { "counts.txt" = "counts" }
# digits = 3
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
feet = [int(line) for line in (INPUT / "counts.txt").read_text().split()]
value = sum(feet) / len(feet) * 0.3048

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
