# /// assay
# about = "number of different words of four letters in sequences"
# inputs = { "genome.fa" = "genome" }
# rule = "exact"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
found = set()
for line in (INPUT / "genome.fa").read_text().splitlines():
    if not line.startswith(">"):
        found |= {line[i : i + 4] for i in range(len(line) - 3)}
value = len(found)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
