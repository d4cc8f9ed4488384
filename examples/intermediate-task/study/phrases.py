"""The phrases of the study: names, keywords and articles in 21 languages, and which of them an arm may see.

The split is by item, the same in every language: an item of the test has been seen in none. Items stand in the table in the
order of the SHA-256 of their code points, so that nobody chose them; the test takes the first, the choice of a layer
(`dev`) the next, and the rest is for training. Scarcity is simulated: of the training items a low-resource language shows
one in five, others with every seed.
"""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

ENGLISH = "en"
HIGH = ("de", "fr", "es", "it", "pt", "nl", "ru", "id", "tr", "vi")
LOW = ("sw", "yo", "ha", "so", "ig", "zu", "uz", "eu", "ga", "am")
TEST_SHARE, DEV_SHARE = 400 / 1962, 200 / 1962
VISIBLE_SHARE = 0.2


@dataclass(frozen=True)
class Phrases:
    """Tables of language -> item -> text, and the items of each part."""

    names: dict[str, dict[str, str]]
    words: dict[str, dict[str, str]]
    articles: dict[str, dict[str, str]]
    train: list[str]
    visible: list[str]  # of train, in the low-resource languages
    dev: list[str]
    test: list[str]

    def shown(self, language: str) -> list[str]:
        """Return the training items that a language shows."""
        return self.visible if language in LOW else self.train

    def sentences(self) -> list[str]:
        """Return all names that may be seen, of all languages: what tokenizer and base model learn from."""
        return [self.names[language][item] for language in self.names for item in self.shown(language)]

    def keyword_pairs(self, languages: tuple[str, ...]) -> list[tuple[str, str]]:
        """Return keywords and name of what the languages show: the intermediate task."""
        found = [
            (self.words[lang].get(item), self.names[lang][item]) for lang in languages for item in self.shown(lang)
        ]
        return [(words, name) for words, name in found if words]

    def parallel_pairs(self, languages: tuple[str, ...]) -> list[tuple[str, str]]:
        """Return English names and those of the languages, of what these show."""
        return [(self.names[ENGLISH][item], self.names[lang][item]) for lang in languages for item in self.shown(lang)]


def read(path: Path, seed: int, tested: int) -> Phrases:
    """Return the phrases of a table, with at most so many items in the test and half as many for the choice of a layer."""
    languages = (ENGLISH, *HIGH, *LOW)
    tables: dict[str, dict[str, dict[str, str]]] = {
        kind: {language: {} for language in languages} for kind in ("name", "words", "article")
    }
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            for language in languages:
                if row[language]:
                    tables[row["kind"]][language][row["item"]] = row[language]
    named = set.intersection(*(set(table) for table in tables["name"].values()))
    items = [item for item in tables["name"][ENGLISH] if item in named]
    held, chosen = round(len(items) * TEST_SHARE), round(len(items) * DEV_SHARE)
    train = items[held + chosen :]
    chance = random.Random(seed)  # noqa: S311 - a sample, no secret
    return Phrases(
        names=tables["name"],
        words=tables["words"],
        articles=tables["article"],
        train=train,
        visible=sorted(chance.sample(train, round(len(train) * VISIBLE_SHARE))),
        dev=items[held : held + chosen][: max(1, tested // 2)],
        test=items[:held][:tested],
    )
