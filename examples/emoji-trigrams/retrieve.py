"""English emoji names look for their counterparts in other languages, by character trigrams alone.

For each English name the most similar name of the other language is taken (cosine of trigram counts, lower case, one
space at either end). Accuracy at 1 is averaged over the languages of a tier. Equals share the credit, so that neither
the order of the rows nor a language without a single trigram in common gains anything. All arithmetic is exact.
"""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict
from fractions import Fraction
from pathlib import Path

TIERS = {
    "high": ("de", "fr", "es", "it", "pt", "nl", "ru", "id", "tr", "vi"),
    "low": ("sw", "yo", "ha", "so", "ig", "zu", "uz", "eu", "ga", "am"),
}


def trigrams(name: str) -> Counter[str]:
    padded = f" {name.casefold()} "
    return Counter(padded[start : start + 3] for start in range(len(padded) - 2))


def accuracy(queries: list[Counter[str]], pool: list[Counter[str]]) -> Fraction:
    """Return the share of queries whose nearest name stands in their own row."""
    lengths = [sum(count * count for count in name.values()) for name in pool]
    holders = defaultdict(list)
    for row, name in enumerate(pool):
        for trigram, count in name.items():
            holders[trigram].append((row, count))
    return sum((credit(row, query, holders, lengths) for row, query in enumerate(queries)), Fraction(0)) / len(queries)


def credit(
    own: int, query: Counter[str], holders: dict[str, list[tuple[int, int]]], lengths: list[int]
) -> Fraction | int:
    products = defaultdict(int)
    for trigram, count in query.items():
        for row, other in holders.get(trigram, ()):
            products[row] += count * other
    if not products:
        return Fraction(1, len(lengths))
    nearest, best, length = [], 0, 1
    for row, product in products.items():
        # The query's own length is the same for all, so product² / length² orders them as the cosine does.
        ahead = product * product * length - best * lengths[row]
        if ahead > 0:
            nearest, best, length = [row], product * product, lengths[row]
        elif ahead == 0:
            nearest.append(row)
    return Fraction(1, len(nearest)) if own in nearest else 0


def main() -> None:
    lines = Path(os.environ["ASSAY_INPUT"], "names.tsv").read_text(encoding="utf-8").splitlines()
    header, *rows = (line.split("\t") for line in lines)
    columns = dict(zip(header, zip(*rows, strict=True), strict=True))
    english = [trigrams(name) for name in columns["en"]]
    found = {}
    for language in (*TIERS["high"], *TIERS["low"]):
        found[language] = 100 * accuracy(english, [trigrams(name) for name in columns[language]])
        print(f"::progress {len(found) / 20:.2f} {language} {float(found[language]):.1f} %", flush=True)
    tiers = {tier: sum(found[language] for language in TIERS[tier]) / len(TIERS[tier]) for tier in TIERS}
    result = {**tiers, "gap": tiers["high"] - tiers["low"]}
    Path(os.environ["ASSAY_OUTPUT"], "languages.json").write_text(
        json.dumps({language: round(float(value), 2) for language, value in found.items()})
    )
    Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({name: float(value) for name, value in result.items()}))


main()
