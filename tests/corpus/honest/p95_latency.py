# /// assay
# about = "a percentile of times in a log"
# inputs = { "log.txt" = "log" }
# digits = 0
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
import re

times = sorted(int(ms) for ms in re.findall(r"took (\d+) ms", (INPUT / "log.txt").read_text()))
value = times[int(0.95 * len(times))]

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
