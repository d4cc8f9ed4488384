"""Bundles and archives that the tests send, small and readable."""

from __future__ import annotations

import io
import tarfile
import zipfile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

CLAIM = """\
schema = "assay-claim-v1"
[claim]
id = "gain"
statement = "A is 8.7 points above B"
[[expect]]
metric = "gain"
value = "8.7"
unit = "points"
rule = "rounding"
[reproduce]
kind = "formula"
formula = "a - b"
[reproduce.values.a]
value = "77.0"
source = "Table 1, A"
[reproduce.values.b]
value = "68.3"
source = "Table 1, B"
"""

SCRIPT_CLAIM = """\
schema = "assay-claim-v1"
[claim]
id = "total"
statement = "The scores add up to 6"
[[expect]]
metric = "total"
value = "6"
rule = "exact"
[reproduce]
kind = "script"
entrypoint = "reproduce.py"
inputs = ["scores.csv"]
"""

SCRIPT = """\
import json, os
with open(os.path.join(os.environ["ASSAY_INPUT"], "scores.csv")) as file:
    total = sum(int(line) for line in file)
with open(os.environ["ASSAY_RESULT"], "w") as file:
    json.dump({"total": total}, file)
"""


def formula_bundle(claim: str = CLAIM) -> dict[str, bytes]:
    """Return the files of a formula bundle."""
    return {"claim.toml": claim.encode()}


def script_bundle(claim: str = SCRIPT_CLAIM, script: str = SCRIPT) -> dict[str, bytes]:
    """Return the files of a script bundle."""
    return {"claim.toml": claim.encode(), "reproduce.py": script.encode(), "scores.csv": b"1\n2\n3\n"}


def formula_document(**changes: Any) -> dict[str, Any]:
    """Return the formula claim as the JSON body mirrors it, with top-level keys changed."""
    return {
        "schema": "assay-claim-v1",
        "claim": {"id": "gain", "statement": "A is 8.7 points above B"},
        "expect": [{"metric": "gain", "value": "8.7", "unit": "points", "rule": "rounding"}],
        "reproduce": {
            "kind": "formula",
            "formula": "a - b",
            "values": {
                "a": {"value": "77.0", "source": "Table 1, A"},
                "b": {"value": "68.3", "source": "Table 1, B"},
            },
        },
        **changes,
    }


def tarred(files: Mapping[str, bytes], mode: str = "w:gz", form: int = tarfile.PAX_FORMAT) -> bytes:
    """Return files as a tar archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode, format=form) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def zipped(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return files as a zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def inside(folder: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return files with a folder around them."""
    return {f"{folder}/{name}": data for name, data in files.items()}
