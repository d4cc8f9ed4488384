"""What the attacks on a script share: the box's contents, and how every input of them is changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from app.core.literals import FILE_BYTES_MAX
from app.core.perturb import Underivable
from app.core.perturb_kept import mended
from app.core.perturb_numbers import Chance
from app.core.perturb_sites import Sites, sites
from app.core.perturb_spared import decimals_of
from app.core.phrases import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from app.core.model import Derivation

DECIMALS = "decimals"  # the target of a change that leaves whole numbers alone
INPUTS_MAX = 16
NAMED_MAX = 3  # inputs, parameters or hits in a sentence
NOT_SEARCHED = "too large to be searched"

#: Bytes of a script's own files that are searched, smallest files first. A program costs seconds a megabyte, and a worker
#: cannot be asked to spend minutes on a bundle before its first box.
PROGRAM_BYTES_MAX, OTHER_BYTES_MAX = 2 << 20, 16 << 20


@dataclass(frozen=True)
class Contents:
    """What a script finds in its box."""

    inputs: Mapping[str, bytes]  # path below /in
    others: Mapping[str, bytes]  # path below /job
    parameters: Mapping[str, Any] | None
    spare: bool = False  # whether whole numbers of the inputs stay under every change

    def sites(self, path: str) -> Sites | None:
        """Return where the numbers of an input stand that may be changed; None for what is no text, or too large."""
        found = sites(self.inputs[path])
        return decimals_of(found) if self.spare and found is not None else found


@dataclass(frozen=True)
class Attacked:
    """Changed contents and a sentence about the change."""

    contents: Contents
    summary: str
    replaced: tuple[tuple[str, str], ...] = ()  # numbers of the script's own files, and what took their place


def searched(others: Mapping[str, bytes]) -> tuple[dict[str, bytes], str]:
    """Return the files of a script that are searched for its answer, and a clause about those that are not, or ""."""
    left = {True: PROGRAM_BYTES_MAX, False: OTHER_BYTES_MAX}
    chosen = set()
    for path, data in sorted(others.items(), key=lambda item: (len(item[1]), item[0])):
        program = path.endswith(".py")
        if len(data) <= min(FILE_BYTES_MAX, left[program]):
            left[program] -= len(data)
            chosen.add(path)
    passed_over = [path for path in others if path not in chosen]
    clause = f"{listed(passed_over)}: {NOT_SEARCHED}" if passed_over else ""
    return {path: data for path, data in others.items() if path in chosen}, clause


def chance_of(seal: str, derivation: Derivation, of: str, *, variant: bool = True) -> Chance:
    """Return the chance behind a change of one input; of a control's variants together, or of each for itself."""
    return Chance(f"{seal}/{derivation.attack}/{of}/{derivation.variant if variant else 'both'}")


def each_input(contents: Contents, change: Callable[[str, Sites], bytes | None], how: str) -> Attacked | Underivable:
    """Change every input that can be changed."""
    changed = dict(contents.inputs)
    named = []
    for path in list(contents.inputs)[:INPUTS_MAX]:
        found = contents.sites(path)
        data = None if found is None else change(path, found)
        if data is not None and contents.spare:
            data = mended(contents.inputs[path], data)
        if data is not None and data != contents.inputs[path]:
            changed[path] = data
            named.append(path)
    if not named:
        return Underivable("no input has anything to change in this way")
    return Attacked(replace(contents, inputs=changed), f"{', '.join(named[:NAMED_MAX])}: {how}")
