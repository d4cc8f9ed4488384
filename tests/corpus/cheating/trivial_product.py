# /// assay
# about = "multiplies two constants, beside a parameter that is not used"
# parameters = { hidden = 512 }
# rule = "exact"
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
value = 512 * 768

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
