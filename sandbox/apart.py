"""That nothing of the service lies where every box shows the host to its program.

A box shows `/usr` whole, and the folders of its interpreter. At level C its program has the worker's own user id on the
host, so that a file there is open to it although nobody else may read it; above, whatever has a mode for others is. So a
state folder, key or scratch below such a place is refused before anything is executed. Links are followed on both sides.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.host import host_facts
from sandbox.job import NoIsolation
from sandbox.plan import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.job import Environment


def require_apart(state: Mapping[str, Path], environment: Environment | None = None) -> None:
    """Refuse state that boxes would show.

    Args:
        state: where the service keeps what no program may read, by the setting that moves it.
        environment: whose folders are shown as well; without one, what the boxes of all environments show.

    Raises:
        NoIsolation: something of it lies below a folder that is mounted into boxes; the folder of temporary files counts.

    """
    places = [Path(path).resolve() for path in shown(host_facts(), environment)]
    for name, path in {**state, "TMPDIR": Path(tempfile.gettempdir())}.items():
        place = next((place for place in places if path.resolve().is_relative_to(place)), None)
        if place is not None:
            raise NoIsolation(
                f"{name} is at {path}, and every box shows {place} to its program, which could read it",
                f"move it, and set {name} to a path outside of {place}",
            )
