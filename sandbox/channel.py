"""The host's end of the box's one channel. Everything on it was written by a stranger: count first, then believe little.

A frame is one letter, four bytes of length, the payload (`runner.py` lists the letters). Unknown letters and lengths
beyond what is still allowed end the reading; what came before stays. All bytes and frames together have caps too, so
that a flood of small or refused frames ends the run like any other flood. Nothing is ever unpacked to a path or unpickled.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

NAME = re.compile(rb"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}(?:/[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}){0,3}")
NAME_CAP = 404  # one byte more than the longest name: the runner cuts longer ones there, which makes them invalid
ARTIFACTS_MAX = 256
WORD_CAP = 16
FRAMES_MAX = 4 * ARTIFACTS_MAX  # the runner sends two for each artifact, and a dozen others
_HEADER = 5
_SMALL_FRAMES = 4096  # status, words and their headers
_STATUS = re.compile(rb"(exit|signal) (\d{1,3})")
_SAID = {
    b"files": f"there were more than {ARTIFACTS_MAX} artifacts; the rest was left out",
    b"kind": "something that is no regular file, or is closed, was left out of the result and the artifacts",
    b"deep": "folders deeper than four below the output folder were left out",
    b"scratch": "the scratch was full at some moment",
}
#: what the runner says of itself, and the judge puts into words
_WORDS = {*_SAID, b"processes"}


@dataclass
class Channel:
    """Collects the frames of one run within its caps."""

    result_cap: int
    output_cap: int
    begun: bool = False  # whether the program was about to start: from here on all that happens is its doing
    status: tuple[str, int] | None = None
    result: bytes | None = None
    artifacts: dict[str, bytes] = field(default_factory=dict)
    too_large: str | None = None  # "result" or "output"
    said: set[bytes] = field(default_factory=set)  # words from `_WORDS`
    unnamed: int = 0  # artifacts left out for their names
    unreadable: bool = False
    _buffer: bytearray = field(default_factory=bytearray)
    _name: str | None = None
    _left: int = 0  # bytes that artifacts may still have
    _total: int = 0  # bytes that the channel may still carry
    _frames: int = 0

    def __post_init__(self) -> None:
        """Begin with the whole allowance."""
        self._left = self.output_cap
        names = (ARTIFACTS_MAX + 1) * (NAME_CAP + 2 * _HEADER)
        self._total = self.result_cap + self.output_cap + names + _SMALL_FRAMES

    @property
    def notes(self) -> list[str]:
        """What a reader of the outcome should know, as sentences."""
        found = [_SAID[word] for word in sorted(self.said & _SAID.keys())]
        if self.unnamed:
            found.append(f"artifacts with names that are not allowed were left out: {self.unnamed}")
        if self.unreadable:
            found.append("the box wrote something unreadable on its channel")
        return found

    def feed(self, data: bytes) -> bool:
        """Take in more bytes; False when a cap is passed and the run must end."""
        self._total -= len(data)
        if self._total < 0:
            return self._flooded()
        if self.unreadable:
            return True
        self._buffer += data
        while len(self._buffer) >= _HEADER:
            letter, length = bytes(self._buffer[:1]), int.from_bytes(self._buffer[1:_HEADER], "big")
            if length > self._cap(letter):
                if letter == b"R" or (letter == b"D" and self._name is not None):
                    self.too_large = "result" if letter == b"R" else "output"
                    return self._stop()
                self._stop()
                return True
            if len(self._buffer) < _HEADER + length:
                return True
            self._frames += 1
            if self._frames > FRAMES_MAX:
                return self._flooded()
            payload = bytes(self._buffer[_HEADER : _HEADER + length])
            del self._buffer[: _HEADER + length]
            self._frame(letter, payload)
        return True

    def _cap(self, letter: bytes) -> int:
        caps = {b"B": 0, b"S": WORD_CAP, b"R": self.result_cap, b"N": NAME_CAP, b"T": WORD_CAP, b"W": WORD_CAP}
        return self._left if letter == b"D" else caps.get(letter, -1)

    def _flooded(self) -> bool:
        self.too_large = self.too_large or "output"
        return self._stop()

    def _stop(self) -> bool:
        """Read no further; always False."""
        self.unreadable = True
        self._buffer.clear()
        return False

    def _frame(self, letter: bytes, payload: bytes) -> None:
        if letter == b"B":
            self.begun = True
        elif letter == b"S" and self.status is None:
            match = _STATUS.fullmatch(payload)
            if match is not None:
                self.status = (match[1].decode(), int(match[2]))
        elif letter == b"R" and self.result is None:
            self.result = payload
        elif letter == b"T":
            self.too_large = "result" if payload == b"result" else "output"
        elif letter == b"W" and payload in _WORDS:
            self.said.add(payload)
        elif letter == b"N":
            self._name = payload.decode("ascii") if NAME.fullmatch(payload) else None
            self.unnamed += self._name is None
        elif letter == b"D" and self._name is not None:
            if len(self.artifacts) >= ARTIFACTS_MAX:
                self.said.add(b"files")
            elif self._name not in self.artifacts:
                self.artifacts[self._name] = payload
                self._left -= len(payload)
            self._name = None
