"""The tables of `docs/threat-model.md`, from the headers of the hostile scripts.

`python -m tests.docs.threats` writes them anew, from the top of the repository.
"""

from __future__ import annotations

import re

from tests.docs.pages import ROOT, read
from tests.sandbox.attacks import ATTACKS, WALLS, Attack

PAGE = "docs/threat-model.md"
COMMAND = "python -m tests.docs.threats"
ENDINGS = {
    "contained": "goes on; the attempt fails",
    "nothing": "ends without a result",
    "refused": "its result is not read",
    "memory": "ended: memory",
    "timeout cpu": "ended: processor time",
    "timeout wall": "ended: wall clock",
    "output stdout": "ended: too much on stdout",
    "output stderr": "ended: too much on stderr",
    "output result": "ended: result too large",
    "output output": "ended: artifacts too large",
    "signal 9": "killed, its own doing",
    "signal 31": "killed by the filter",
}
CONTROLS = {"succeeds": "works", "root": "works, as root", "kernel": "works on some kernels"}


def rendered(text: str) -> str:
    """Return the page with both tables as the headers say."""
    for name, table in (("walls", walls()), ("attacks", attacks())):
        begin, end = f"<!-- {name}: {COMMAND} -->\n\n", f"\n<!-- end of {name} -->"
        pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
        text, found = pattern.subn(lambda _, table=table, begin=begin, end=end: begin + table + end, text)
        if found != 1:
            raise ValueError(f"{PAGE} has no single place for the table of {name}")
    return text


def walls() -> str:
    """Return the table of what holds a program."""
    rows = [(name, f"`{path}`", words) for name, (path, words) in WALLS.items()]
    return _table(("wall", "built in", "what it is"), rows)


def attacks() -> str:
    """Return the table of attacks, in the order of the walls that stop them."""
    order = list(WALLS)
    found = sorted(ATTACKS, key=lambda attack: (order.index(attack.stopped_by[0]), attack.name))
    return _table(("attack", "what contains it", "what becomes of the run", "bare"), [_row(attack) for attack in found])


def _row(attack: Attack) -> tuple[str, str, str, str]:
    contains = ", ".join(attack.stopped_by) + (f" (from level {attack.level} on)" if attack.level != "C" else "")
    control = CONTROLS.get(attack.control) or f"not run: {attack.control.removeprefix('none, ')}"
    return (
        f"[{attack.words}](../tests/sandbox/escapes/{attack.name}.py)",
        contains,
        ENDINGS[attack.expect],
        control,
    )


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


if __name__ == "__main__":
    (ROOT / PAGE).write_text(rendered(read(PAGE)), encoding="utf-8")
