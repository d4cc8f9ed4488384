# /// assay
# about = "revenue by user, greatest"
# inputs = { "events.jsonl" = "events" }
# digits = 2
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
from collections import defaultdict

total = defaultdict(float)
for line in (INPUT / "events.jsonl").read_text().splitlines():
    event = json.loads(line)
    if event["kind"] == "buy":
        total[event["user"]] += event["amount"]
value = max(total.values())

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
