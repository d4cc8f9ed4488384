"""How much a run may say on each way out of its box, whatever the claim. Its other limits are in the claim."""

from __future__ import annotations

MIB = 1 << 20

STDOUT_BYTES_MAX = 4 * MIB
STDERR_BYTES_MAX = 4 * MIB
RESULT_BYTES_MAX = 1 * MIB
FORMULA_RESULT_BYTES_MAX = 16 * MIB  # our own evaluator's: more than the largest claim can make it write
OUTPUT_BYTES_MAX = 64 * MIB  # all artifacts together

#: way out, as outcomes name it -> bytes
CAPS = {
    "stdout": STDOUT_BYTES_MAX,
    "stderr": STDERR_BYTES_MAX,
    "result": RESULT_BYTES_MAX,
    "output": OUTPUT_BYTES_MAX,
}
