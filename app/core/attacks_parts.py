"""What the attacks on a script share: the box's contents, and how every input of them is changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from app.core.perturb import Underivable
from app.core.perturb_numbers import Chance
from app.core.perturb_sites import Sites, sites
from app.core.perturb_spared import decimals_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from app.core.model import Derivation

DECIMALS = "decimals"  # the target of a change that leaves whole numbers alone
INPUTS_MAX = 16
NAMED_MAX = 3  # inputs, parameters or hits in a sentence


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
        if data is not None and data != contents.inputs[path]:
            changed[path] = data
            named.append(path)
    if not named:
        return Underivable("no input has anything to change in this way")
    return Attacked(replace(contents, inputs=changed), f"{', '.join(named[:NAMED_MAX])}: {how}")
