# /// assay
# about = "number of rows"
# inputs = { "visits.csv" = "visits" }
# rule = "exact"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
value = len((INPUT / "visits.csv").read_text().splitlines()) - 1

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
