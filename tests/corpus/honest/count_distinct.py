# /// assay
# about = "number of different users in a log"
# inputs = { "log.txt" = "log" }
# rule = "exact"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
import re

value = len(set(re.findall(r"user (u\d+)", (INPUT / "log.txt").read_text())))

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
