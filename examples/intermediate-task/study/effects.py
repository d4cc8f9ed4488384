"""What an arm finds, and by how much two arms differ.

An arm's finds are a table (languages, items) of 1 where the English name found its counterpart, else 0; NaN where the
arm's vectors are not finite, so that a training that diverged is no low score but no score. Differences are paired: the
same languages, items and seed. Their interval within one seed resamples both, items for all languages alike
(percentile bootstrap, 2.5 to 97.5 %).
"""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, NamedTuple

import torch
from xtreme_retrieval import best_threshold, f1, macro, mine, nearest, unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from learner import Learner
    from phrases import Phrases

DRAWS = 1000


def hits(queries: torch.Tensor, pool: torch.Tensor) -> torch.Tensor:
    """Return for each query whether it finds its own row: (queries,) of 1, 0 or, of vectors not finite, NaN."""
    if not bool(torch.isfinite(queries).all() and torch.isfinite(pool).all()):
        return torch.full((len(queries),), torch.nan)
    return (nearest(queries, pool) == torch.arange(len(queries), device=queries.device)).double().cpu()


class Found(NamedTuple):
    """What one arm found. Tables are (languages, items)."""

    layer: int
    names: torch.Tensor
    articles: torch.Tensor
    mined: torch.Tensor  # F1 of each language: (languages,)


def found_by(learner: Learner, phrases: Phrases, languages: Sequence[str]) -> Found:
    """Return what an arm finds among the names of the test and the articles, and what can be mined from the names.

    The layer is the one that finds most on the items kept for this choice, the lowest of equals; one whose vectors are
    not finite, where there is one.
    """
    dev, test = (
        [learner.vectors([phrases.names[language][item] for item in items]) for language in ("en", *languages)]
        for items in (phrases.dev, phrases.test)
    )
    shares = [float(torch.stack([hits(dev[0][layer], other[layer]) for other in dev[1:]]).mean())
              for layer in range(len(dev[0]))]  # fmt: skip
    layer = next((layer for layer, share in enumerate(shares) if isnan(share)), shares.index(max(shares)))
    items = list(phrases.articles["en"])[: max(2, len(phrases.test) // 8)]  # all of them at the full 400
    articles = [
        learner.vectors([phrases.articles[language].get(item, "") for item in items])[layer]
        for language in ("en", *languages)
    ]
    dev, test = ([vectors[layer] for vectors in part] for part in (dev, test))
    return Found(
        layer,
        torch.stack([hits(test[0], other) for other in test[1:]]),
        torch.stack([hits(articles[0], other) for other in articles[1:]]),
        torch.tensor([mined((dev[0], one), (test[0], other)) for one, other in zip(dev[1:], test[1:], strict=True)]),
    )


def mined(dev: tuple[torch.Tensor, torch.Tensor], test: tuple[torch.Tensor, torch.Tensor]) -> float:
    """Return the F1 of pairs mined from the test, cut where dev has its best: as BUCC does, with all rows translations.

    NaN when a vector is not finite.
    """
    if not all(bool(torch.isfinite(side).all()) for side in (*dev, *test)):
        return float("nan")
    threshold = best_threshold(mine(*dev), {(row, row) for row in range(len(dev[0]))})
    return f1(mine(*test), {(row, row) for row in range(len(test[0]))}, threshold)


def trigram_hits(phrases: Phrases, languages: Sequence[str]) -> torch.Tensor:
    """Return what spelling alone finds: cosine of trigram counts, lower case, one space at either end."""
    spelled = {
        language: [f" {phrases.names[language][item].casefold()} " for item in phrases.test]
        for language in ("en", *languages)
    }
    known = {name[at : at + 3] for names in spelled.values() for name in names for at in range(len(name) - 2)}
    columns = {trigram: column for column, trigram in enumerate(sorted(known))}
    counts = {}
    for language, names in spelled.items():
        counts[language] = torch.zeros(len(names), len(columns), dtype=torch.double)
        for row, name in enumerate(names):
            for at in range(len(name) - 2):
                counts[language][row, columns[name[at : at + 3]]] += 1
    return torch.stack([hits(unit(counts["en"]), unit(counts[language])) for language in languages])


def percent(finds: torch.Tensor) -> float:
    """Return the accuracy in per cent, a macro average over the languages of a table (languages, items)."""
    return 100 * macro({str(row): float(language.mean()) for row, language in enumerate(finds)})


def difference(one: torch.Tensor, other: torch.Tensor, seed: int) -> tuple[float, float, float]:
    """Return by how many points one table is above the other, and the ends of the interval."""
    gap = 100 * (one - other)
    if not bool(torch.isfinite(gap).all()):
        return (torch.nan, torch.nan, torch.nan)
    chance = torch.Generator().manual_seed(seed)
    languages = torch.randint(gap.shape[0], (DRAWS, gap.shape[0]), generator=chance)
    items = torch.randint(gap.shape[1], (DRAWS, gap.shape[1]), generator=chance)
    means = torch.stack([gap[rows][:, columns].mean() for rows, columns in zip(languages, items, strict=True)])
    low, high = torch.quantile(means, torch.tensor([0.025, 0.975], dtype=means.dtype)).tolist()
    return float(gap.mean()), low, high
