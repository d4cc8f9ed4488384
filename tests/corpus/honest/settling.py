# /// assay
# about = "steps until a damped swing has settled, from its damping"
# parameters = { damping = 0.08 }
# rule = "exact"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
given = json.loads((INPUT / "parameters.json").read_text())
place, speed, value = 1.0, 0.0, 0
while abs(place) + abs(speed) > 0.01:
    speed -= 0.05 * (place + given["damping"] * speed)
    place += 0.05 * speed
    value += 1

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
