# /// assay
# about = "mean of values whose format and number are checked"
# inputs = { "d.json" = "versioned" }
# digits = 2
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
document = json.loads((INPUT / "d.json").read_text())
if document["version"] != 2:
    raise SystemExit("unknown version")
if len(document["values"]) != document["count"]:
    raise SystemExit("truncated")
value = sum(document["values"]) / document["count"]

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
