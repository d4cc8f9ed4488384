# /// assay
# about = "share of answers that equal the reference"
# inputs = { "answers.jsonl" = "answers" }
# digits = 3
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
pairs = [json.loads(line) for line in (INPUT / "answers.jsonl").open()]
value = sum(p["reference"] == p["given"] for p in pairs) / len(pairs)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
