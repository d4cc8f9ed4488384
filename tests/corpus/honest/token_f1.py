# /// assay
# about = "overlap of answers and references"
# inputs = { "answers.jsonl" = "answers" }
# digits = 3
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
from collections import Counter

total = []
for line in (INPUT / "answers.jsonl").read_text().splitlines():
    pair = json.loads(line)
    a, b = Counter(pair["reference"].split()), Counter(pair["given"].split())
    same = sum((a & b).values())
    total.append(2 * same / (sum(a.values()) + sum(b.values())))
value = sum(total) / len(total)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
