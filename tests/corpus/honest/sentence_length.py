# /// assay
# about = "mean words in a sentence"
# inputs = { "prose.txt" = "prose" }
# digits = 2
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
sentences = [s for s in (INPUT / "prose.txt").read_text().replace("\n", " ").split(".") if s.strip()]
value = sum(len(s.split()) for s in sentences) / len(sentences)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
