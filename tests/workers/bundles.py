"""Bundles whose scripts take their time, and can be told apart in the list of processes."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from pathlib import Path

CLAIM = """\
schema = "assay-claim-v1"
[claim]
id = "{name}"
statement = "The answer is 42"
[[expect]]
metric = "answer"
value = "{value}"
rule = "exact"
[reproduce]
kind = "script"
entrypoint = "{name}.py"
parameters = {parameters}
[limits]
memory = "256MiB"
wall = "60s"
"""

#: A box is made before it is told its script, so that no process was started with the script's name: it names itself.
SCRIPT = """\
import json, os, time
with open("/proc/self/comm", "w") as file:
    file.write("{name}")
time.sleep({seconds})
answer = 42
path = os.path.join(os.environ["ASSAY_INPUT"], "parameters.json")
if os.path.exists(path):
    with open(path) as file:
        given = json.load(file)
    answer = given["rows"] * given["columns"]
with open(os.environ["ASSAY_RESULT"], "w") as file:
    json.dump({{"answer": answer}}, file)
"""


@dataclass(frozen=True)
class Slow:
    """A script that sleeps and then reports 42: one measure and one repeat run.

    With `depends` the 42 is computed from parameters: further runs, and a confirm run if the claim says another value.
    """

    seconds: float = 0.0
    value: str = "42"
    depends: bool = False
    name: str = field(default_factory=lambda: f"slow-{uuid.uuid4().hex[:10]}")

    @property
    def files(self) -> dict[str, bytes]:
        """The bundle."""
        parameters = "{ rows = 6, columns = 7 }" if self.depends else "{}"
        return {
            "claim.toml": CLAIM.format(name=self.name, value=self.value, parameters=parameters).encode(),
            f"{self.name}.py": SCRIPT.format(name=self.name, seconds=self.seconds).encode(),
        }

    def processes(self) -> list[int]:
        """Return the processes of this host that run the script."""
        found = []
        for path in Path("/proc").glob("[0-9]*/comm"):
            try:
                if path.read_bytes() == f"{self.name}\n".encode():
                    found.append(int(path.parent.name))
            except OSError:
                continue
        return found
