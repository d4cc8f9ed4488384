# /// assay
# about = "copies a figure of a document"
# inputs = { "runs.json" = "records" }
# digits = 4
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
value = json.loads((INPUT / "runs.json").read_text())["runs"][7]["metrics"]["loss"]

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
