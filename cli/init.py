"""`assay init`: a first claim to edit, which verifies as it stands."""

from __future__ import annotations

import os
from pathlib import Path

from app.core.errors import Problem, Refusal
from app.intake import CLAIM_FILE

EXAMPLE = """\
# A claim and how to check it. `assay verify` on this folder runs it sealed and says VERIFIED, FALSIFIED or UNVERIFIED.
schema = "assay-claim-v1"

# The publication that the claim is in. Submitted to a service, a claim with a [record] stays closed until you open the
# record's claims. Without one it is public at once, its evidence and its log too: whoever reaches the service sees it.
# `assay verify` shows nothing to anybody.
# [record]
# title = "…"
# doi = "10.…"

[claim]
id = "tydiqa-gain"                # lower case; unique within the record
statement = "RemBERT is 8.7 F1 points above FILTER on TyDiQA"
# quote = "…"                     # the sentence of the paper, word for word
# section = "Table 16"

# One for every number that the claim states. Numbers are strings: their printed digits are data.
[[expect]]
metric = "gain"
value = "8.7"
unit = "points"
rule = "rounding"                 # exact absolute relative either points bounded rounding
# tolerance = "5%"                # for the rules that take one

# A formula computes printed numbers from printed numbers.
[reproduce]
kind = "formula"
formula = "rembert - filter"      # + - * / and mean wmean sum min max abs round sqrt log exp

[reproduce.values.rembert]
value = "77.0"
source = "RemBERT, Table 16, TyDiQA F1"

[reproduce.values.filter]
value = "68.3"
source = "FILTER, Table 16, TyDiQA F1"

# A script computes them from files of this folder instead. It finds its inputs below $ASSAY_INPUT and writes one JSON
# object of metrics to $ASSAY_RESULT; the expected values never reach it.
# [reproduce]
# kind = "script"
# entrypoint = "reproduce.py"
# inputs = ["scores.csv"]         # the files that the result must depend on
# seeds = [0]

# [limits]
# wall = "60s"
# memory = "1GiB"
"""


def write_example(folder: Path) -> Path:
    """Write `claim.toml` into a folder, which is made if need be; returns its path.

    Raises:
        Refusal: there is one already, or it cannot be written.

    """
    path = folder / CLAIM_FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError as error:
        there = path if folder.is_dir() else folder
        raise Refusal.of(
            Problem(str(there), None, "", "exists", "it is there already", "name another folder")
        ) from error
    except OSError as error:
        detail = f"it cannot be written: {error.strerror}"
        raise Refusal.of(Problem(str(path), None, "", "unwritable", detail, "name another folder")) from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(EXAMPLE)
    return path
