# /// assay
# about = "entropy of letters"
# inputs = { "prose.txt" = "prose" }
# digits = 2
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
import math
from collections import Counter

letters = Counter(c for c in (INPUT / "prose.txt").read_text().lower() if c.isalpha())
total = sum(letters.values())
value = -sum(n / total * math.log2(n / total) for n in letters.values())

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
