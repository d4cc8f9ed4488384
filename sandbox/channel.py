"""The host's end of the box's one channel. Everything on it was written by a stranger: count first, then believe little.

A frame is one letter, four bytes of length, the payload. Unknown letters, bad names and lengths beyond what is still
allowed end the reading; what came before stays. Nothing is ever unpacked to a path or unpickled.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

NAME = re.compile(rb"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}(?:/[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}){0,3}")
ARTIFACTS_MAX = 256
_HEADER = 5
_STATUS = re.compile(rb"(exit|signal) (\d{1,3})")


@dataclass
class Channel:
    """Collects the frames of one run within its caps."""

    result_cap: int
    output_cap: int
    status: tuple[str, int] | None = None
    result: bytes | None = None
    artifacts: dict[str, bytes] = field(default_factory=dict)
    too_large: str | None = None  # "result" or "output"
    notes: list[str] = field(default_factory=list)
    _buffer: bytearray = field(default_factory=bytearray)
    _name: str | None = None
    _left: int = -1
    _broken: bool = False

    def __post_init__(self) -> None:
        """Begin with the whole output allowance."""
        self._left = self.output_cap

    def feed(self, data: bytes) -> bool:
        """Take in more bytes; False when a cap is passed and the run must end."""
        if self._broken:
            return True
        self._buffer += data
        while len(self._buffer) >= _HEADER:
            letter, length = bytes(self._buffer[:1]), int.from_bytes(self._buffer[1:_HEADER], "big")
            cap = {b"S": 16, b"R": self.result_cap, b"N": 412, b"D": self._left, b"T": 412}.get(letter, -1)
            if length > cap:
                return self._refuse(letter)
            if len(self._buffer) < _HEADER + length:
                return True
            payload = bytes(self._buffer[_HEADER : _HEADER + length])
            del self._buffer[: _HEADER + length]
            self._frame(letter, payload)
        return True

    def _refuse(self, letter: bytes) -> bool:
        self._broken = True
        self._buffer.clear()
        if letter in b"RD":
            self.too_large = "result" if letter == b"R" else "output"
            return False
        self.notes.append("the box wrote something unreadable on its channel")
        return True

    def _frame(self, letter: bytes, payload: bytes) -> None:
        if letter == b"S" and self.status is None:
            match = _STATUS.fullmatch(payload)
            if match is not None:
                self.status = (match[1].decode(), int(match[2]))
        elif letter == b"R" and self.result is None:
            self.result = payload
        elif letter == b"T":
            self.too_large = "result" if payload == b"result" else "output"
        elif letter == b"N":
            self._name = payload.decode("ascii") if NAME.fullmatch(payload) else None
            if self._name is None:
                self.notes.append("an artifact with a name that is not allowed was left out")
        elif letter == b"D" and self._name is not None:
            if len(self.artifacts) < ARTIFACTS_MAX and self._name not in self.artifacts:
                self.artifacts[self._name] = payload
                self._left -= len(payload)
            self._name = None
