# /// assay
# about = "how often the most frequent pair of words comes"
# inputs = { "prose.txt" = "prose" }
# rule = "exact"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
from collections import Counter

words = (INPUT / "prose.txt").read_text().lower().replace(".", "").split()
value = Counter(zip(words, words[1:])).most_common(1)[0][1]

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
