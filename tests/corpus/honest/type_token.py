# /// assay
# about = "type-token ratio"
# inputs = { "prose.txt" = "prose" }
# digits = 3
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
import re

words = re.findall(r"[a-z]+", (INPUT / "prose.txt").read_text().lower())
value = len(set(words)) / len(words)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
