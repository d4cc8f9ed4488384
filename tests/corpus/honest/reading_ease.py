# /// assay
# about = "a reading ease, of three constants"
# inputs = { "prose.txt" = "prose" }
# digits = 2
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
lines = (INPUT / "prose.txt").read_text().splitlines()
words = [word for line in lines for word in line.split()]
syllables = sum(max(1, sum(letter in "aeiouy" for letter in word)) for word in words)
value = 206.835 - 1.015 * len(words) / len(lines) - 84.6 * syllables / len(words)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
