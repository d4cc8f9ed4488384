"""Small values for the sandbox's pure tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import settings

from sandbox import Asset, Environment, Gpu, Job
from sandbox.channel import Channel
from sandbox.job import Staging
from sandbox.judge import Ending, Seen
from sandbox.plan import Host

law = settings(deadline=None)  # the machine may be busy; time is never what a law is about

PYTHON = Environment("python", "sha256:0", "/usr/bin/python3.11")
MERGED = Host(
    links={"/lib64": "usr/lib64", "/bin": "usr/bin"},
    folders=(),
    masked=("kallsyms", "kcore"),
    masked_folders=("bus",),
    loader_cache=True,
    disable_userns=True,
)
HELD = (("model", Asset("sha256:ab", "xlmr", "/host/assets/ab/data", "ab", 10, 1)),)
A_GPU = Gpu(0, "GPU-a", "Plain", 1 << 30, "570.1", "12.8", (("/dev/nvidia0", "/dev/nvidia0"),))
STAGING = Staging(Path("/host/run/job"), Path("/host/run/in"))


def a_job(**changes: Any) -> Job:
    return Job(**{"environment": PYTHON, "argv": ("/job/script.py",), **changes})


def a_channel(**changes: Any) -> Channel:
    return Channel(**{"result_cap": 1000, "output_cap": 5000, **changes})


def seen(*frames: bytes, status: int | None = 0, **changes: Any) -> Seen:
    """Return what was seen of a run that sent these frames and of whose box bwrap said `status`."""
    channel = a_channel()
    for data in frames:
        channel.feed(data)
    return Seen(**{"channel": channel, "ending": Ending(status, 1.0, 10, 1 << 20), **changes})


def frame(letter: bytes, payload: bytes = b"") -> bytes:
    return letter + len(payload).to_bytes(4, "big") + payload


BEGUN = frame(b"B")
EXIT_0 = frame(b"S", b"exit 0")
