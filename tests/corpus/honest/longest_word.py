# /// assay
# about = "letters of the longest word"
# inputs = { "prose.txt" = "prose" }
# rule = "exact"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
import re

value = max(len(word) for word in re.findall("[a-z]+", (INPUT / "prose.txt").read_text().lower()))

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
