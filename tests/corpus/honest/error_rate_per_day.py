# /// assay
# about = "mean of a daily rate, by date"
# inputs = { "log.txt" = "log" }
# digits = 3
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
from collections import defaultdict
from datetime import datetime

days = defaultdict(list)
for line in (INPUT / "log.txt").read_text().splitlines():
    stamp, level, *_ = line.split()
    days[datetime.fromisoformat(stamp.replace("Z", "+00:00")).date()].append(level == "ERROR")
value = sum(sum(d) / len(d) for d in days.values()) / len(days)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
