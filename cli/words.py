"""What a script said on its standard error, made fit to be shown: its last lines, short, without control characters."""

from __future__ import annotations

BYTES_READ_MAX = 16_384
LINES_MAX = 20
LINE_CHARACTERS_MAX = 200


def last_words(stderr: bytes) -> str:
    """Return the last lines of a script's standard error; signs that could steer a terminal become question marks."""
    text = stderr[-BYTES_READ_MAX:].decode("utf-8", "replace").expandtabs(4)
    lines = [line for line in (_plain(line) for line in text.split("\n")) if line]
    return "\n".join(lines[-LINES_MAX:])


def _plain(line: str) -> str:
    found = "".join(sign if sign.isprintable() else "?" for sign in line.rstrip())
    return found if len(found) <= LINE_CHARACTERS_MAX else found[: LINE_CHARACTERS_MAX - 1] + "…"
