# /// assay
# about = "number of different words in verses of as many words each"
# inputs = { "verses.txt" = "verses" }
# rule = "exact"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
import re

value = len(set(re.findall("[a-z]+", (INPUT / "verses.txt").read_text().lower())))

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
