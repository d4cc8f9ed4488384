# /// assay
# about = "the learning rate of the best run, one of three"
# inputs = { "runs.json" = "records" }
# rule = "exact"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
runs = json.loads((INPUT / "runs.json").read_text())["runs"]
value = min(runs, key=lambda run: run["metrics"]["loss"])["metrics"]["loss"]

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
