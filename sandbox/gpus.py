"""GPUs of NVIDIA: which this host has, which of them this process holds, and what a run did with one.

Theory of operation. Everything that is known of a device is asked of `nvidia-smi`, which comes with the driver; no library
of NVIDIA is loaded into our processes. A worker process takes one device that nobody else holds, by a lock as slots are
taken, and keeps it: as it executes one run at a time, a device has one run at a time. A box that is made for a job with a
device holds that device's node and those that all share, and no other; a job without one has none.

What a run leaves in a device's memory is the driver's to erase. Between runs it is asked whether the device answers and
whether its memory is free again; one that is not is given to no further run.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self
from xml.etree import ElementTree as ET

from sandbox.job import Gpu, SandboxFault
from sandbox.slot_parts import locks_folder

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

PROGRAM = "nvidia-smi"
PLACES = "/usr/bin:/bin:/usr/local/bin:/usr/local/nvidia/bin"
SHARED = ("nvidiactl", "nvidia-uvm", "nvidia-uvm-tools")
SYSTEM = (
    "module/nvidia",
    "module/nvidia_uvm",
    "bus/pci",
    "devices/system",
)  # parts of /sys that the driver's library reads
LIBRARIES = ("libcuda.", "libnvidia-", "libnvcuvid.")
ANSWER_SECONDS = 20.0
SAMPLE_MS = 500
IDLE_BYTES = 512 << 20  # that the driver itself may hold of a device that nobody uses
IDLE_SECONDS = 10.0
MIB = 1 << 20


def find(program: str = PROGRAM, host: Path = Path("/")) -> list[Gpu]:
    """Return the devices that a box could be given; none where there is no driver.

    A device that is divided (MIG) is left out: its parts have nodes that are not handed on.

    Raises:
        SandboxFault: there is a driver, and it does not answer.

    """
    path = shutil.which(program, path=PLACES)
    if path is None:
        return []
    try:
        root = ET.fromstring(_ask(path, "-q", "-x"))  # noqa: S314 - the driver's own program
    except ET.ParseError as error:
        raise SandboxFault(f"{path} gave no answer that could be read (reinstall the driver)") from error
    driver, cuda = root.findtext("driver_version", ""), root.findtext("cuda_version", "")
    reads = (*_libraries(), *(str(item) for item in _system(host / "sys")))
    found = []
    for item in root.iter("gpu"):
        number, size = item.findtext("minor_number", ""), item.findtext("fb_memory_usage/total", "").split()
        divided = item.findtext("mig_mode/current_mig", "") == "Enabled"
        if divided or not number.isdigit() or not size or not size[0].isdigit():
            continue
        nodes = [host / "dev" / name for name in (f"nvidia{number}", *SHARED)]
        found.append(
            Gpu(
                number=int(number),
                uuid=item.findtext("uuid", ""),
                name=item.findtext("product_name", ""),
                memory_bytes=int(size[0]) * MIB,
                driver=driver,
                cuda=cuda,
                nodes=tuple((f"/dev/{node.name}", str(node)) for node in nodes if node.exists()),
                reads=reads,
                program=path,
            )
        )
    return found


def take(found: Iterable[Gpu]) -> tuple[Gpu, IO[str]] | None:
    """Hold the first device that nobody on this host holds; the file is its lock, until it is closed or we end."""
    for gpu in found:
        lock = (locks_folder() / f"gpu-{gpu.uuid.replace('/', '_')}").open("a")
        with suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return gpu, lock
        lock.close()
    return None


def describe(gpu: Gpu) -> dict[str, Any]:
    """Return what evidence and people want to know of a device; not which one of its kind it is."""
    return {"name": gpu.name, "memory_bytes": gpu.memory_bytes, "driver": gpu.driver, "cuda": gpu.cuda}


def trouble(gpu: Gpu, patience: float = IDLE_SECONDS) -> str | None:
    """Return what is wrong with a device that no run of ours uses; None when it answers and its memory is free."""
    over = time.monotonic() + patience
    while True:
        try:
            used = int(_ask(gpu.program, *_query(gpu, "memory.used")).strip()) * MIB
        except (SandboxFault, ValueError) as error:
            return f"it does not answer: {error}"
        if used <= IDLE_BYTES:
            return None
        if time.monotonic() >= over:
            return f"{used >> 20} MiB of its memory are in use although no run is"
        time.sleep(0.5)


class Meter:
    """Samples a device's memory and how busy it is while a run goes on. A context manager."""

    def __init__(self, gpu: Gpu) -> None:
        self._gpu = gpu
        self._peak = 0
        self._busy: list[int] = []
        self._process: subprocess.Popen[str] | None = None
        self._thread = threading.Thread(target=self._read, name="gpu", daemon=True)

    def __enter__(self) -> Self:
        with suppress(OSError):  # a run without figures is still a run
            self._process = subprocess.Popen(
                [self._gpu.program, *_query(self._gpu, "memory.used,utilization.gpu"), "-lms", str(SAMPLE_MS)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                errors="replace",
            )
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._thread.join()

    def _read(self) -> None:
        if self._process is None or self._process.stdout is None:
            return
        for line in self._process.stdout:
            memory, _, busy = line.partition(",")
            with suppress(ValueError):  # "[N/A]"
                self._peak = max(self._peak, int(memory) * MIB)
                self._busy.append(int(busy))
        self._process.stdout.close()

    def found(self) -> dict[str, Any]:
        """Return the peak of memory in bytes, the mean of how busy it was in percent, and of how many samples."""
        if not self._busy:
            return {"samples": 0}
        mean = round(sum(self._busy) / len(self._busy), 1)
        return {"peak_memory_bytes": self._peak, "mean_busy_percent": mean, "samples": len(self._busy)}


def _query(gpu: Gpu, fields: str) -> tuple[str, ...]:
    return f"--query-gpu={fields}", "--format=csv,noheader,nounits", "-i", gpu.uuid


def _ask(*command: str) -> str:
    """Return what `nvidia-smi` says.

    Raises:
        SandboxFault: it fails, or does not end in time, as one does whose device is lost.

    """
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=ANSWER_SECONDS, env={})
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SandboxFault(f"{command[0]} did not answer (look at the driver: `nvidia-smi`)") from error
    if done.returncode:
        said = (done.stdout + done.stderr).strip()[-200:] or f"exit {done.returncode}"
        raise SandboxFault(f"{command[0]} failed: {said} (look at the driver: `nvidia-smi`)")
    return done.stdout


def _libraries() -> list[str]:
    """Return the driver's libraries that lie elsewhere than below /usr, which every box sees anyway."""
    try:
        listed = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True, env={}).stdout
    except (OSError, subprocess.CalledProcessError):
        return []
    pairs = [line.strip().partition(" => ") for line in listed.splitlines()]
    found = {path for name, _, path in pairs if name.startswith(LIBRARIES) and path}
    return sorted(path for path in found if not os.path.realpath(path).startswith("/usr/"))


def _system(sys: Path) -> list[Path]:
    return [path for path in (*(sys / name for name in SYSTEM), *sorted(sys.glob("devices/pci*"))) if path.exists()]
