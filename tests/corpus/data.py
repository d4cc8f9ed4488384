"""Small data sets for the corpus, made by rule: name -> bytes, the same every time."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable

from tests.corpus import data_loose, data_strict

WORDS = """the of model language data we score table result train test each other method paper show with from more
less when small large tree river stone light dark winter summer house bread water paper glass cloud green early late
seven""".split()  # noqa: SIM905 - read as words


def _chance(name: str) -> random.Random:
    return random.Random(f"corpus/{name}")  # noqa: S311 - reproducible, not secret


def _lines(rows: list[list[object]], separator: str = ",") -> bytes:
    return "".join(separator.join(map(str, row)) + "\n" for row in rows).encode()


def scores() -> bytes:
    """Return 24 rows of a system's name, two scores with one decimal and a count."""
    chance = _chance("scores")
    rows = [
        [f"sys{at:02d}", f"{chance.gauss(61, 12):.1f}", f"{chance.gauss(55, 9):.1f}", chance.randint(20, 400)]
        for at in range(24)
    ]
    return _lines([["system", "f1", "em", "n"], *rows])


def pairs() -> bytes:
    """Return 60 rows of x and y that go together, with three decimals."""
    chance = _chance("pairs")
    rows = []
    for _ in range(60):
        x = chance.uniform(0, 10)
        rows.append([f"{x:.3f}", f"{1.7 * x + 3 + chance.gauss(0, 2):.3f}"])
    return _lines([["x", "y"], *rows])


def labels() -> bytes:
    """Return 120 rows of a gold and a predicted label."""
    chance = _chance("labels")
    kinds = ["pos", "neg", "neu"]
    rows = []
    for at in range(120):
        gold = chance.choice(kinds)
        rows.append([f"ex{at}", gold, gold if chance.random() < 0.78 else chance.choice(kinds)])
    return _lines([["id", "gold", "pred"], *rows])


def perfect() -> bytes:
    """Return 80 rows of a gold label and the same predicted."""
    chance = _chance("perfect")
    kinds = [chance.choice(["yes", "no", "maybe"]) for _ in range(80)]
    return _lines([["id", "gold", "pred"], *([f"ex{at}", kind, kind] for at, kind in enumerate(kinds))])


def binary() -> bytes:
    """Return 90 rows of a truth in 0 and 1 and a probability."""
    chance = _chance("binary")
    rows = []
    for _ in range(90):
        truth = chance.randint(0, 1)
        rows.append([truth, f"{min(0.99, max(0.01, chance.gauss(0.35 + 0.3 * truth, 0.2))):.3f}"])
    return _lines([["truth", "p"], *rows])


def prose() -> bytes:
    """Return 40 sentences of plain words."""
    chance = _chance("prose")
    sentences = [
        " ".join(chance.choice(WORDS) for _ in range(chance.randint(5, 14))).capitalize() + "." for _ in range(40)
    ]
    return ("\n".join(sentences) + "\n").encode()


def verses() -> bytes:
    """Return 36 lines of nine plain words."""
    chance = _chance("verses")
    return ("\n".join(" ".join(chance.choice(WORDS[:20]) for _ in range(9)) for _ in range(36)) + "\n").encode()


def log() -> bytes:
    """Return 150 lines of a server's log with dates, levels and milliseconds."""
    chance = _chance("log")
    rows = []
    for at in range(150):
        level = chance.choice(["INFO", "INFO", "INFO", "WARN", "ERROR"])
        stamp = f"2024-03-{1 + at // 10:02d}T{chance.randint(0, 23):02d}:{chance.randint(0, 59):02d}:00Z"
        rows.append(f"{stamp} {level} took {chance.randint(3, 900)} ms user u{chance.randint(1, 30)}")
    return ("\n".join(rows) + "\n").encode()


def edges() -> bytes:
    """Return 110 edges between 40 numbered nodes, separated by a blank."""
    chance = _chance("edges")
    found = {tuple(sorted(chance.sample(range(1, 41), 2))) for _ in range(140)}
    return "".join(f"{a} {b}\n" for a, b in sorted(found)[:110]).encode()


def weighted() -> bytes:
    """Return edges with a weight, separated by tabs."""
    chance = _chance("weighted")
    rows = [
        [f"n{chance.randint(1, 15)}", f"n{chance.randint(1, 15)}", f"{chance.uniform(1, 9):.2f}"] for _ in range(70)
    ]
    return _lines([["from", "to", "km"], *rows], "\t")


def records() -> bytes:
    """Return a JSON document of 30 experiments with nested figures."""
    chance = _chance("records")
    runs = [
        {
            "name": f"run-{at}",
            "lr": chance.choice([0.1, 0.01, 0.001]),
            "metrics": {"loss": round(chance.uniform(0.2, 2), 4), "acc": round(chance.uniform(0.6, 0.95), 4)},
        }
        for at in range(30)
    ]
    return (json.dumps({"meta": {"project": "x", "version": "1.2"}, "runs": runs}, indent=1) + "\n").encode()


def events() -> bytes:
    """Return 80 lines of JSON, one event each."""
    chance = _chance("events")
    rows = [
        json.dumps(
            {
                "user": f"u{chance.randint(1, 12)}",
                "kind": chance.choice(["view", "click", "buy"]),
                "amount": round(chance.uniform(1, 50), 2),
            }
        )
        for _ in range(80)
    ]
    return ("\n".join(rows) + "\n").encode()


def numbers() -> bytes:
    """Return 75 numbers, one a line."""
    chance = _chance("numbers")
    return "".join(f"{chance.lognormvariate(2, 0.6):.4f}\n" for _ in range(75)).encode()


def counts() -> bytes:
    """Return 64 whole numbers, one a line."""
    chance = _chance("counts")
    return "".join(f"{chance.randint(3, 250)}\n" for _ in range(64)).encode()


def ratings() -> bytes:
    """Return 200 answers from 1 to 5 of ten people to twenty questions."""
    chance = _chance("ratings")
    rows = [[f"p{person}", *(chance.choice([1, 2, 3, 3, 4, 4, 4, 5]) for _ in range(20))] for person in range(10)]
    return _lines([["person", *(f"q{at}" for at in range(20))], *rows])


def weather() -> bytes:
    """Return 90 days with dates, decimal commas and semicolons."""
    chance = _chance("weather")
    rows = []
    for at in range(90):
        day = f"2023-{1 + at // 30:02d}-{1 + at % 28:02d}"
        rows.append(
            [day, f"{chance.gauss(6, 5):.1f}".replace(".", ","), f"{chance.expovariate(0.4):.1f}".replace(".", ",")]
        )
    return _lines([["day", "temp", "rain"], *rows], ";")


def series() -> bytes:
    """Return a hundred steps of a walk."""
    chance = _chance("series")
    level, rows = 100.0, []
    for at in range(100):
        level += chance.gauss(0.2, 1.5)
        rows.append([at, f"{level:.2f}"])
    return _lines([["t", "level"], *rows])


def matrix() -> bytes:
    """Return a square matrix of six by six, separated by blanks."""
    chance = _chance("matrix")
    return "".join(" ".join(f"{chance.uniform(-3, 9):.2f}" for _ in range(6)) + "\n" for _ in range(6)).encode()


def points() -> bytes:
    """Return 50 points in the plane with a kind."""
    chance = _chance("points")
    rows = []
    for _ in range(50):
        kind = chance.choice("ab")
        rows.append([f"{chance.gauss(2 if kind == 'a' else 6, 1):.3f}", f"{chance.gauss(3, 1.2):.3f}", kind])
    return _lines([["x", "y", "kind"], *rows])


def people() -> bytes:
    """Return 45 people with an identifier, quoted names, ages and incomes."""
    chance = _chance("people")
    rows = [
        [
            at + 1,
            f'"Doe, J{at}"',
            chance.randint(18, 80),
            chance.randint(900, 9000),
            chance.choice(["north", "south", "east"]),
        ]
        for at in range(45)
    ]
    return _lines([["id", "name", "age", "income", "region"], *rows])


def visits() -> bytes:
    """Return 160 visits of the people, by identifier."""
    chance = _chance("visits")
    return _lines([["id", "spent"], *([chance.randint(1, 45), f"{chance.uniform(2, 90):.2f}"] for _ in range(160))])


def answers() -> bytes:
    """Return a system's 30 answers and the references, as JSON lines of text."""
    chance = _chance("answers")
    rows = []
    for _ in range(30):
        reference = [chance.choice(WORDS) for _ in range(8)]
        given = [word if chance.random() < 0.8 else chance.choice(WORDS) for word in reference]
        rows.append(json.dumps({"reference": " ".join(reference), "given": " ".join(given)}))
    return ("\n".join(rows) + "\n").encode()


def genome() -> bytes:
    """Return five sequences in FASTA."""
    chance = _chance("genome")
    return "".join(
        f">seq{at}\n" + "".join(chance.choice("ACGT") for _ in range(120)) + "\n" for at in range(5)
    ).encode()


def packed() -> bytes:
    """Return the scores in a gzip file."""
    return gzip.compress(scores(), mtime=0)


def config() -> bytes:
    """Return a run's settings as lines of key and value."""
    return b"# run settings\nlearning rate = 0.05\nbatch = 32\nepochs = 12\ndropout = 0.35\nhidden = 256\nlayers = 4\n"


def votes() -> bytes:
    """Return 101 ballots that rank four candidates."""
    chance = _chance("votes")
    return "".join(">".join(chance.sample(["ann", "bob", "cy", "di"], 4)) + "\n" for _ in range(101)).encode()


def survival() -> bytes:
    """Return 70 patients with months and whether the end was seen."""
    chance = _chance("survival")
    rows = [
        [chance.choice(["A", "B"]), f"{chance.expovariate(0.06):.1f}", int(chance.random() < 0.7)] for _ in range(70)
    ]
    return _lines([["arm", "months", "event"], *rows])


def contingency() -> bytes:
    """Return a table of two by three counts as CSV."""
    return b"group,low,mid,high\ntreated,23,41,36\ncontrol,38,35,27\n"


def two_lines() -> bytes:
    """Return a small table of results as a paper prints it."""
    return b"model,en,de,fr,sw\nbase,81.2,74.9,76.3,58.0\nlarge,84.6,78.8,79.1,66.7\nxl,85.9,80.3,80.2,70.4\n"


def remarks() -> bytes:
    """Return the scores below a comment that mentions a figure."""
    return b"# checked by hand, see 58.37 in the appendix\n" + scores()


def repeated() -> bytes:
    """Return 18 rows of an episode, its steps and a reward that is the same in all of them."""
    chance = _chance("repeated")
    rows = [[f"ep{at}", chance.randint(60, 400), "212.7"] for at in range(18)]
    return _lines([["episode", "steps", "reward"], *rows])


def missing() -> bytes:
    """Return 40 rows of a station and a reading with one decimal, five of them missing and so marked."""
    chance = _chance("missing")
    rows = [[f"st{at}", "-999.0" if at % 8 == 3 else f"{chance.gauss(17, 6):.1f}"] for at in range(40)]
    return _lines([["station", "reading"], *rows])


def limits() -> bytes:
    """Return four limits in JSON, of which one lies just below the mean of the whole numbers."""
    return (json.dumps({"least": 10.5, "most": 133.796, "step": 1.5, "unit": 0.1}) + "\n").encode()


DATA: dict[str, Callable[[], bytes]] = {
    name: item
    for name, item in [*globals().items(), *vars(data_strict).items(), *vars(data_loose).items()]
    if callable(item) and not name.startswith("_") and name != "Callable"
}
