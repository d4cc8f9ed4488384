# /// assay
# about = "checks version and number of values, and copies one of them"
# inputs = { "d.json" = "versioned" }
# digits = 2
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
document = json.loads((INPUT / "d.json").read_text())
if document["version"] != 2 or len(document["values"]) != document["count"]:
    raise SystemExit("unknown version")
value = document["values"][7]

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
