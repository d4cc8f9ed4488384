# /// assay
# about = "number of errors in a log"
# inputs = { "log.txt" = "log" }
# rule = "exact"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
value = sum(" ERROR " in line for line in (INPUT / "log.txt").open())

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
