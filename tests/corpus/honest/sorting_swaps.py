# /// assay
# about = "how many exchanges bubble sort makes"
# inputs = { "counts.txt" = "counts" }
# rule = "exact"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
items = [int(x) for x in (INPUT / "counts.txt").read_text().split()]
value = 0
for end in range(len(items) - 1, 0, -1):
    for i in range(end):
        if items[i] > items[i + 1]:
            items[i], items[i + 1] = items[i + 1], items[i]
            value += 1

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
