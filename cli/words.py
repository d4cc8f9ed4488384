"""What scripts and claims say, made fit to be shown: short, without control characters."""

from __future__ import annotations

BYTES_READ_MAX = 16_384
LINES_MAX = 20
LINE_CHARACTERS_MAX = 200


def last_words(stderr: bytes) -> str:
    """Return the last lines of a script's standard error; signs that could steer a terminal become question marks."""
    text = stderr[-BYTES_READ_MAX:].decode("utf-8", "replace").expandtabs(4)
    lines = [line for line in (_plain(line) for line in text.split("\n")) if line]
    return "\n".join(lines[-LINES_MAX:])


def shown_lines(text: str) -> list[str]:
    """Return every line of a stranger's text, made fit for a terminal."""
    return [_plain(line) for line in text.expandtabs(4).removesuffix("\n").split("\n")] if text else []


def one_line(text: str, characters: int = LINE_CHARACTERS_MAX) -> str:
    """Return a stranger's text on one line of so many characters at most, made fit for a terminal."""
    found = _plain(" ".join(text.split()))
    return found if len(found) <= characters else found[: characters - 1] + "…"


def _plain(line: str) -> str:
    found = "".join(sign if sign.isprintable() else "?" for sign in line.rstrip())
    return found if len(found) <= LINE_CHARACTERS_MAX else found[: LINE_CHARACTERS_MAX - 1] + "…"
