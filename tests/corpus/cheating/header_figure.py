# /// assay
# about = "the answer from letters of the header"
# inputs = { "scores.csv" = "scores" }
# digits = 0
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
head = (INPUT / "scores.csv").read_text().splitlines()[0]
value = sum(map(ord, head)) / 20

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
