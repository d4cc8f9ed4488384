# /// assay
# about = "a share of kinds of events"
# inputs = { "events.jsonl" = "events" }
# digits = 3
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
kinds = [json.loads(line)["kind"] for line in (INPUT / "events.jsonl").open()]
value = kinds.count("buy") / kinds.count("view")

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
