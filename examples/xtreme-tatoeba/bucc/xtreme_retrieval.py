"""Sentence retrieval and mining of translations as XTREME evaluates them, on vectors that a model has given.

Theory of operation. A text is one vector: the mean of one hidden layer over the tokens that are not padding, special
tokens included (`mean_pool`). Vectors are brought to length 1 (`unit`), so that products are cosines.

- Tatoeba (`accuracy`): the foreign sentences are the pool, each English one looks for its nearest, and counts when that
  is its own translation. Nearest is by Euclidean distance, as in the published scripts. For vectors of length 1 that is
  the cosine's order. A zero vector keeps length 0: at distance 1 from everything it stands where a cosine of 0.5 stands.
- BUCC (`mine`): both sides look for their `NEIGHBOURS` nearest by cosine. A pair's score is its cosine divided by the
  mean of the average cosines that its two sides have with their neighbours (the ratio margin of Artetxe and Schwenk,
  arXiv 1811.01136). The best pair of each sentence, of either side, is taken from the best score down, and each sentence
  once. The threshold that gives the best F1 on one half of the data (`best_threshold`) cuts the other (`f1`).

Where scores are equal the lower row comes first, and forward pairs before backward ones; which of equal cosines are the
last neighbours is left to torch. A vector that is not finite
has no neighbours: `accuracy` is NaN then, and `mine` refuses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

NEIGHBOURS = 4
ROWS = 256  # queries that are compared with the whole pool at once: bounds the memory


class Pair(NamedTuple):
    source: int
    target: int
    score: float


def mean_pool(hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Return the mean over the marked tokens: (texts, tokens, width) and (texts, tokens) of 0 and 1 -> (texts, width).

    Raises:
        ValueError: a text has no marked token.

    """
    counts = mask.sum(dim=1, keepdim=True)
    if not bool((counts > 0).all()):
        raise ValueError("a text without tokens has no mean")
    # What stands under padding is left out, not multiplied by 0: it may be anything, also infinite.
    kept = hidden.masked_fill(mask.unsqueeze(2) == 0, 0.0)
    return kept.sum(dim=1) / counts


def unit(vectors: torch.Tensor) -> torch.Tensor:
    """Return the rows at length 1; a zero row stays zero."""
    lengths = vectors.norm(dim=1, keepdim=True)
    return vectors / torch.where(lengths > 0, lengths, torch.ones_like(lengths))


def nearest(queries: torch.Tensor, pool: torch.Tensor) -> torch.Tensor:
    """Return for each query the row of the pool at the least distance once all are at length 1."""
    queries, pool = unit(queries), unit(pool)
    # |q - p|² = |q|² + |p|² - 2 q·p, and |q|² is the same for all p.
    squares = (pool * pool).sum(dim=1)
    found = [(squares - 2 * queries[row : row + ROWS] @ pool.T).argmin(dim=1) for row in range(0, len(queries), ROWS)]
    return torch.cat(found)


def accuracy(queries: torch.Tensor, pool: torch.Tensor) -> float:
    """Return the share of queries that find their own row of the pool; NaN when a vector is not finite.

    Raises:
        ValueError: there are no queries, or not as many rows in the pool.

    """
    if not len(queries) or len(queries) != len(pool):
        raise ValueError(f"{len(queries)} queries cannot have their translations among {len(pool)} rows, one each")
    if not bool(torch.isfinite(queries).all() and torch.isfinite(pool).all()):
        return float("nan")
    own = torch.arange(len(queries), device=queries.device)
    return float((nearest(queries, pool) == own).double().mean())


def macro(values: Mapping[str, float]) -> float:
    """Return the mean in which every language counts the same, however many sentences it has."""
    if not values:
        raise ValueError("there is no language to average over")
    return sum(values.values()) / len(values)


def mine(source: torch.Tensor, target: torch.Tensor, neighbours: int = NEIGHBOURS) -> list[Pair]:
    """Return pairs of rows, best first, each row of either side in at most one.

    Only scores above 0 are translations at all, and pairs that share a sentence with a better one are left out.

    Raises:
        ValueError: a side is empty, or a score is no number: a vector is not finite, or neighbours' cosines cancel out.

    """
    if not len(source) or not len(target):
        raise ValueError("there is nothing to mine from an empty side")
    source, target = unit(source), unit(target)
    ahead, ahead_rows = _neighbours(source, target, neighbours)
    back, back_rows = _neighbours(target, source, neighbours)
    ahead_means, back_means = ahead.mean(dim=1), back.mean(dim=1)
    forward, columns = _margins(ahead, ahead_rows, ahead_means, back_means)
    backward, rows = _margins(back, back_rows, back_means, ahead_means)
    scores = torch.cat([forward, backward])
    if not bool(torch.isfinite(scores).all()):
        raise ValueError("a score is no number: a vector is not finite, or the cosines of its neighbours add up to 0")
    here, there = torch.arange(len(source), device=scores.device), torch.arange(len(target), device=scores.device)
    sides = torch.stack([torch.cat([here, rows]), torch.cat([columns, there])], dim=1).tolist()
    pairs, sources, targets = [], set(), set()
    for index in scores.argsort(descending=True, stable=True).tolist():
        left, right = sides[index]
        if left not in sources and right not in targets:
            sources.add(left)
            targets.add(right)
            pairs.append(Pair(left, right, float(scores[index])))
    return [pair for pair in pairs if pair.score > 0]


def _neighbours(queries: torch.Tensor, pool: torch.Tensor, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return cosines and rows of the nearest in the pool, best first: two tensors (queries, count or the whole pool)."""
    count = min(count, len(pool))
    found = [(queries[row : row + ROWS] @ pool.T).topk(count, dim=1) for row in range(0, len(queries), ROWS)]
    cosines, rows = torch.cat([part.values for part in found]), torch.cat([part.indices for part in found])
    # topk leaves the order of equals open: lower rows first, then by cosine without disturbing that.
    by_row = rows.argsort(dim=1)
    cosines, rows = cosines.gather(1, by_row), rows.gather(1, by_row)
    by_cosine = cosines.argsort(dim=1, descending=True, stable=True)
    return cosines.gather(1, by_cosine), rows.gather(1, by_cosine)


def _margins(
    cosines: torch.Tensor, rows: torch.Tensor, own: torch.Tensor, others: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the best ratio of each query and the row of the pool that has it."""
    scores = cosines / ((own.unsqueeze(1) + others[rows]) / 2)
    best = scores.argmax(dim=1, keepdim=True)
    return scores.gather(1, best).squeeze(1), rows.gather(1, best).squeeze(1)


def best_threshold(pairs: Sequence[Pair], gold: Collection[tuple[int, int]]) -> float:
    """Return the score at which the pairs above it have the best F1: halfway to the next one, or the last score itself.

    Of equally good cuts the highest is taken; without a single right pair it is 0.
    """
    ordered = sorted(pairs, key=lambda pair: -pair.score)
    right, best, threshold = 0, 0.0, 0.0
    for taken, pair in enumerate(ordered, 1):
        right += (pair.source, pair.target) in gold
        reached = 2 * right / (taken + len(gold)) if gold else 0.0
        if reached > best:
            following = ordered[taken].score if taken < len(ordered) else pair.score
            best, threshold = reached, (pair.score + following) / 2
    return threshold


def f1(pairs: Sequence[Pair], gold: Collection[tuple[int, int]], threshold: float) -> float:
    """Return the harmonic mean of precision and recall of the pairs at or above the threshold; 0 without a right one.

    With r right pairs of t taken and g in the gold, 2pr / (p + r) is 2r / (t + g).
    """
    taken = [pair for pair in pairs if pair.score >= threshold]
    right = sum((pair.source, pair.target) in gold for pair in taken)
    return 2 * right / (len(taken) + len(gold)) if right else 0.0
