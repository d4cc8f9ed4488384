# /// assay
# about = "mean of a nested figure"
# inputs = { "runs.json" = "records" }
# digits = 3
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
runs = json.loads((INPUT / "runs.json").read_text())["runs"]
value = sum(run["metrics"]["acc"] for run in runs) / len(runs)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
