"""The filter of system calls around a whole run worker in a container, `deploy/seccomp-worker.json`. Pure.

Container engines refuse by default what bubblewrap needs: namespaces, mounts and another root. This profile allows those
and otherwise what a box may do, any socket to the services of a network, and the limits of a box that are not meant for a
service. Everything else is refused or unknown, as it is in a box; each box has its own, stricter filter inside of it.

The file is in the format of Docker and Podman. `python -c "from sandbox import outer; outer.ship()"` writes it anew.
"""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

from sandbox import rules, seccomp

PROFILE = Path(__file__).parents[1] / "deploy" / "seccomp-worker.json"
#: What bubblewrap does before its box is sealed.
MAKES_BOXES = ("mount", "pivot_root", "sethostname", "umount2", "unshare")
#: AF_UNIX, AF_INET, AF_INET6, and AF_NETLINK, by which bubblewrap and the resolver ask for interfaces.
FAMILIES = (1, 2, 10, 16)
ARCHITECTURES = ("SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64")


def profile() -> dict[str, Any]:
    """Return the profile."""
    policy = seccomp.policy()
    by_argument = {"socket", "clone3", "ioctl", "setsockopt"}
    allowed = {*policy["allowed"], *policy["checked"], *MAKES_BOXES} - by_argument
    return {
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": errno.ENOSYS,
        "archMap": [{"architecture": name, "subArchitectures": []} for name in ARCHITECTURES],
        "syscalls": [
            rules.allow(sorted(allowed)),
            rules.refuse(sorted(set(policy["refused"]) - set(MAKES_BOXES))),
            rules.refuse(["clone3"], number=errno.ENOSYS),
            *(rules.allow(["socket"], rules.argument(0, "SCMP_CMP_EQ", family)) for family in FAMILIES),
            *rules.but("ioctl", *seccomp.ALL_BUT["ioctl"], errno.EPERM),
            *rules.but("setsockopt", *seccomp.ALL_BUT["setsockopt"], errno.EPERM),
        ],
    }


def ship() -> None:
    """Write the profile."""
    PROFILE.write_text(json.dumps(profile(), indent=1) + "\n", encoding="utf-8")
