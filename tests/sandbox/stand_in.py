"""A stand-in for a GPU: a program that answers as `nvidia-smi` does, and plain devices of the kernel as its nodes.

Only tests can make one. No setting names the program or the nodes, so that a service is never given anything but what the
driver lists.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox import Gpu

if TYPE_CHECKING:
    from pathlib import Path

UUID = "GPU-stand-in"
ANSWER = """\
<?xml version="1.0" ?>
<!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v12.dtd">
<nvidia_smi_log>
<driver_version>570.1</driver_version><cuda_version>12.8</cuda_version>
<gpu id="0"><product_name>Plain A</product_name><minor_number>3</minor_number><uuid>GPU-a</uuid>
<mig_mode><current_mig>Disabled</current_mig></mig_mode><fb_memory_usage><total>1024 MiB</total></fb_memory_usage></gpu>
<gpu id="1"><product_name>Divided</product_name><minor_number>1</minor_number><uuid>GPU-b</uuid>
<mig_mode><current_mig>Enabled</current_mig></mig_mode><fb_memory_usage><total>1024 MiB</total></fb_memory_usage></gpu>
<gpu id="2"><product_name>Lost</product_name><minor_number>2</minor_number><uuid>GPU-c</uuid>
<fb_memory_usage><total>N/A</total></fb_memory_usage></gpu>
</nvidia_smi_log>
"""
PROGRAM = """\
#!/bin/sh
echo "$*" >> FOLDER/asked
case "$*" in
"-q -x") cat FOLDER/answer.xml ;;
*"-lms"*) while :; do cat FOLDER/samples; sleep 0.05; done ;;
*"memory.used"*) cat FOLDER/used ;;
*) exit 9 ;;
esac
"""


@dataclass(frozen=True)
class StandIn:
    """What the program answers stands in files, which a test may change."""

    folder: Path

    @classmethod
    def make(cls, folder: Path) -> StandIn:
        """Write the program and its answers."""
        folder.mkdir(parents=True)
        found = cls(folder)
        found.say("answer.xml", ANSWER)
        found.say("used", "3\n")
        found.say("samples", "100, 40\n300, 60\n")
        (folder / "nvidia-smi").write_text(PROGRAM.replace("FOLDER", str(folder)))
        (folder / "nvidia-smi").chmod(0o755)
        return found

    @property
    def program(self) -> str:
        """Path of what answers."""
        return str(self.folder / "nvidia-smi")

    def say(self, name: str, text: str) -> None:
        """Change an answer."""
        (self.folder / name).write_text(text)

    def gpu(self, uuid: str | None = None) -> Gpu:
        """Return a device of its own name, whose nodes are /dev/null and /dev/zero."""
        nodes = (("/dev/nvidia0", "/dev/null"), ("/dev/nvidiactl", "/dev/zero"))
        own = uuid or f"{UUID}-{os.getpid()}-{self.folder.name}"
        reads = ("/sys/devices/system",)
        return Gpu(0, own, "Stand-in", 1 << 30, "570.1", "12.8", nodes, reads, self.program)
