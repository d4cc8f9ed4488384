# /// assay
# about = "number of words"
# inputs = { "prose.txt" = "prose" }
# rule = "exact"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
value = len((INPUT / "prose.txt").read_text().split())

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
