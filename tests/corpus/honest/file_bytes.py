# /// assay
# about = "size of a file: sensitive to every byte"
# inputs = { "prose.txt" = "prose" }
# rule = "exact"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
value = (INPUT / "prose.txt").stat().st_size

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
