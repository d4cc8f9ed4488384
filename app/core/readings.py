"""The finished runs of a verification, sorted by purpose and read once. Planning, controls and judging look at this."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from app.core.codes import CONTRADICTIONS
from app.core.compare import compare_all
from app.core.grounding import Grounding, grounded
from app.core.measurement import Measurement, Unreadable, read_result
from app.core.members import members
from app.core.model import Comparison, OutcomeKind, Purpose, Rule, Run, Seal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.core.model import Expectation


@dataclass(frozen=True)
class Reading:
    """A run and what it reported; `measurement` is None unless the process exited 0 with a readable result."""

    run: Run
    measurement: Measurement | None
    unreadable: Unreadable | None  # why an exit 0 gave no measurement

    @property
    def finite(self) -> bool:
        """Whether there is a measurement and all of it is finite."""
        return self.measurement is not None and all(item.finite for item in self.measurement.metrics.values())


@dataclass(frozen=True)
class Readings:
    """All finished runs of a seal."""

    seal: Seal
    by_key: dict[str, Reading]
    sources: Mapping[str, bytes] = field(default_factory=dict)  # path in the bundle -> bytes, of every `[[source]]`

    @classmethod
    def of(cls, seal: Seal, runs: Sequence[Run], sources: Mapping[str, bytes] | None = None) -> Readings:
        """Read every run's result; planning needs no sources, judging does."""
        return cls(seal, {run.spec.key: _read(seal, run) for run in runs}, sources or {})

    @cached_property
    def grounding(self) -> Grounding:
        """What of the claim stands in its sources."""
        return grounded(self.seal.claim, self.sources)

    def of_purpose(self, purpose: Purpose) -> tuple[Reading, ...]:
        """Return the readings of one purpose, in the order of their keys, so that the order of runs never matters."""
        found = (item for item in self.by_key.values() if item.run.spec.purpose is purpose)
        return tuple(sorted(found, key=lambda item: (item.run.spec.seed, item.run.spec.key)))

    @property
    def measures(self) -> tuple[Reading, ...]:
        """The measure runs in the order of the sealed seeds."""
        order = {seed: index for index, seed in enumerate(self.seal.seeds)}
        found = self.of_purpose(Purpose.MEASURE)
        return tuple(sorted(found, key=lambda item: order.get(item.run.spec.seed, len(order))))

    def comparisons(self, readings: Sequence[Reading], looks: int | None = None) -> tuple[Comparison, ...]:
        """Compare every expectation with these readings, which all have measurements; a table's cells are left out.

        Args:
            readings: one for each seed.
            looks: how often statistical rules may be asked; None for as often as the seal says.

        """
        return tuple(item[0] for item in self.details(readings, looks))

    def details(self, readings: Sequence[Reading], looks: int | None = None) -> tuple[tuple[Comparison, ...], ...]:
        """Return for every expectation its comparison and then those of its cells."""
        asked = len(self.seal.looks) if looks is None else looks
        metrics = [reading.measurement.metrics for reading in readings if reading.measurement]
        return tuple(compare_all(item, metrics, asked) for item in self.seal.claim.expect)

    @cached_property
    def pieces(self) -> tuple[tuple[Expectation, Comparison], ...]:
        """Every compared value of the measure runs with what is expected of it: cells for tables, no rankings."""
        found: list[tuple[Expectation, Comparison]] = []
        for expectation, rows in zip(self.seal.claim.expect, self.details(self.measures), strict=True):
            if expectation.rule is not Rule.RANKING:
                found += zip(members(expectation), rows[1:] or rows, strict=True)
        return tuple(found)

    def varies(self, expectation: Expectation, readings: Sequence[Reading]) -> bool:
        """Whether some metric of an expectation differs between readings, which all have measurements."""
        metrics = [reading.measurement.metrics for reading in readings if reading.measurement]
        names = [member.metric for member in members(expectation)]
        return any(len({each[name].value for each in metrics}) > 1 for name in names)

    def contradicted(self, comparisons: Sequence[Comparison]) -> tuple[frozenset[str], frozenset[str]]:
        """Return the metrics that the measure runs contradict: by their values, and by the spread of their seeds."""
        by_values: set[str] = set()
        by_spread: set[str] = set()
        for expectation, item in zip(self.seal.claim.expect, comparisons, strict=True):
            if item.code in CONTRADICTIONS:
                spread = item.p is not None and self.varies(expectation, self.measures)
                (by_spread if spread else by_values).add(item.metric)
        return frozenset(by_values), frozenset(by_spread)


def _read(seal: Seal, run: Run) -> Reading:
    if run.outcome.kind is not OutcomeKind.EXITED or run.outcome.exit_code != 0:
        return Reading(run, None, None)
    found = read_result(run.result, seal.claim)
    return Reading(run, None, found) if isinstance(found, Unreadable) else Reading(run, found, None)
