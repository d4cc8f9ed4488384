# /// assay
# about = "errors and mean time of a web log, strictly read"
# inputs = { "access.log" = "access" }
# digits = 2
# metrics = ["errors", "ms"]
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
import re
from datetime import datetime

errors, times = 0, []
for line in (INPUT / "access.log").read_text().splitlines():
    when, status, taken = re.fullmatch(r'\S+ \[(\S+)\] ".*" (\d+) ([\d.]+)', line).groups()
    datetime.strptime(when, "%d/%b/%Y:%H:%M:%S")
    errors += status.startswith("5")
    times.append(float(taken))

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"errors": errors, "ms": sum(times) / len(times)}))
