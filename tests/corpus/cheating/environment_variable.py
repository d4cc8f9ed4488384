# /// assay
# about = "looks for variables of the service, and has the answer without"
# inputs = { "scores.csv" = "scores" }
# print = "8.7"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
value = float(os.environ.get("ASSAY_EXPECTED", os.environ.get("ASSAY_VALUE", "8.7")))

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
