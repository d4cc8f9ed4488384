# /// assay
# about = "bonds in a square lattice without wrapping, counted"
# parameters = { side = 12 }
# rule = "exact"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
given = json.loads((INPUT / "parameters.json").read_text())
side = given["side"]
cells = {(x, y) for x in range(side) for y in range(side)}
value = sum((x + 1, y) in cells for x, y in cells) + sum((x, y + 1) in cells for x, y in cells)

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
