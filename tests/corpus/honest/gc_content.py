# /// assay
# about = "share of two letters in sequences"
# inputs = { "genome.fa" = "genome" }
# digits = 3
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
letters = "".join(line for line in (INPUT / "genome.fa").read_text().splitlines() if not line.startswith(">"))
value = sum(c in "GC" for c in letters) / len(letters)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
