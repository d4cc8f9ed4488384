# /// assay
# about = "copies a cell and states it in percent"
# inputs = { "binary.csv" = "binary" }
# digits = 1
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
value = 100 * float((INPUT / "binary.csv").read_text().splitlines()[5].split(",")[1])

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
