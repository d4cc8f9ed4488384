"""The command's door: `assay`, or `python -m cli`.

Python itself exits 1 when an import fails, and 1 would say FALSIFIED. So the imports happen in here, where every failure
exits 5.
"""

from __future__ import annotations

import sys
import traceback


def main() -> None:
    """Run the command and exit with its code."""
    try:
        from cli.main import run

        code = run()
    except Exception:  # noqa: BLE001 - the outermost door
        traceback.print_exc()
        code = 5
    sys.exit(code)


if __name__ == "__main__":
    main()
