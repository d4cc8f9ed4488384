# /// assay
# about = "share of places in which two aligned sequences agree"
# inputs = { "aln.fa" = "alignment" }
# digits = 1
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
one, two = (line for line in (INPUT / "aln.fa").read_text().split() if not line.startswith(">"))
value = 100 * sum(a == b for a, b in zip(one, two, strict=True)) / len(one)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
