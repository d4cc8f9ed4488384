"""Data sets whose whole numbers are structure, for scripts that refuse or cannot read them changed."""

from __future__ import annotations

import json
import random


def _chance(name: str) -> random.Random:
    return random.Random(f"corpus/{name}")  # noqa: S311 - reproducible, not secret


def sparse() -> bytes:
    """Return a matrix of twelve by twelve with 40 entries, in coordinates."""
    chance = _chance("sparse")
    places = chance.sample([(row, column) for row in range(1, 13) for column in range(1, 13)], 40)
    entries = "".join(f"{row} {column} {chance.uniform(0.1, 2):.3f}\n" for row, column in sorted(places))
    return f"%%MatrixMarket matrix coordinate real general\n12 12 40\n{entries}".encode()


def graph() -> bytes:
    """Return a graph of 20 nodes by number, below a line with how many nodes and edges there are."""
    chance = _chance("graph")
    edges = [(at, (at + 1) % 20) for at in range(20)] + [tuple(chance.sample(range(20), 2)) for _ in range(14)]
    return "".join(f"{one} {two}\n" for one, two in [(20, len(edges)), *edges]).encode()


def versioned() -> bytes:
    """Return a JSON document with the version of its format, and how many values it has."""
    chance = _chance("versioned")
    values = [round(chance.gauss(5, 1.2), 2) for _ in range(25)]
    return json.dumps({"version": 2, "count": len(values), "values": values}).encode()


def numbered() -> bytes:
    """Return 30 rows of a number from 1 on, a subject's number and a reading with one decimal."""
    chance = _chance("numbered")
    rows = [f"{100 + 7 * at},{chance.randint(1, 9)},{chance.gauss(61, 12):.1f}\n" for at in range(30)]
    return f"key,site,reading\n{''.join(rows)}".encode()


def alignment() -> bytes:
    """Return two aligned sequences in FASTA."""
    chance = _chance("alignment")
    one = "".join(chance.choice("ACDEFGHIKLMNPQRSTVWY") for _ in range(90))
    two = "".join(sign if chance.random() < 0.7 else chance.choice("ACDEFGHIKLMNPQRSTVWY") for sign in one)
    return f">a\n{one}\n>b\n{two}\n".encode()


def shares() -> bytes:
    """Return nine parties and their shares of the votes, with three decimals, which add up to 1."""
    parts = [0.287, 0.214, 0.163, 0.118, 0.087, 0.056, 0.041, 0.023, 0.011]
    return ("party,share\n" + "".join(f"p{at},{part}\n" for at, part in enumerate(parts))).encode()


def correlations() -> bytes:
    """Return a symmetric table of seven by seven without a header, with ones on its diagonal."""
    chance = _chance("correlations")
    table = [[1.0] * 7 for _ in range(7)]
    for row in range(7):
        for column in range(row):
            table[row][column] = table[column][row] = round(chance.uniform(0.1, 0.8), 2)
    return "".join(",".join(f"{cell:.2f}" if cell != 1 else "1" for cell in row) + "\n" for row in table).encode()


def trace() -> bytes:
    """Return 30 rows of a time in seconds, which rises, and a level, with two decimals."""
    chance = _chance("trace")
    at, rows = 0.0, []
    for _ in range(30):
        at += chance.uniform(0.2, 1.4)
        rows.append(f"{at:.2f},{chance.gauss(5.5, 1.2):.2f}\n")
    return f"seconds,level\n{''.join(rows)}".encode()


def access() -> bytes:
    """Return 60 lines of a web server's log, with dates that name the month."""
    chance = _chance("access")
    return "".join(
        f"10.0.{chance.randint(0, 3)}.{chance.randint(2, 250)} [{chance.randint(1, 28):02d}/Mar/2023:"
        f"{chance.randint(0, 23):02d}:{chance.randint(0, 59):02d}:{chance.randint(0, 59):02d}]"
        f' "GET /page{at % 9}" {chance.choice([200, 200, 200, 404, 500])} {chance.uniform(5, 60):.1f}\n'
        for at in range(60)
    ).encode()
