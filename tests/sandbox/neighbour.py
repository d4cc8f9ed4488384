"""A run in the box beside: it leaves in every shared place what the hostile scripts look for. Run sealed and bare."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
from pathlib import Path

NAME, KEY = os.environ["NEIGHBOUR"], int(os.environ["NEIGHBOUR_KEY"])
PR_SET_PDEATHSIG = 1
CREATE_FOR_ALL = 0o1666
libc = ctypes.CDLL(None)


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    paths = [Path(folder, NAME) for folder in ("/dev/shm", "/tmp")]
    segment = libc.shmget(KEY, 4096, CREATE_FOR_ALL)
    try:
        for path in paths:
            path.write_bytes(b"neighbour")
            path.chmod(0o666)
        serve(paths[0])
    finally:
        libc.shmctl(segment, 0, None)
        for path in paths:
            path.unlink(missing_ok=True)


def serve(path: Path) -> None:
    """Give a descriptor to whoever asks."""
    with socket.socket(socket.AF_UNIX) as listener, path.open("rb") as file:
        listener.bind("\0" + NAME)
        listener.listen()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            connection, _ = listener.accept()
            with connection:
                socket.send_fds(connection, [b"x"], [file.fileno()])


main()
