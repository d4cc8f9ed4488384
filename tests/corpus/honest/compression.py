# /// assay
# about = "how far a text is packed: sensitive to every byte"
# inputs = { "prose.txt" = "prose" }
# digits = 2
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
import zlib

data = (INPUT / "prose.txt").read_bytes()
value = len(zlib.compress(data, 9)) / len(data)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
