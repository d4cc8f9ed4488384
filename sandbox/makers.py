"""What makes a box: bubblewrap, or crun. Each turns a shape into a command line; the rest of a run is the same.

crun wants a folder with `config.json` and a root to mount upon, and one of its own to write notes into. All lie in the
box's own folder and go with it. Every place to mount upon is made beforehand, so that crun, which is started as the slot's
user, writes nowhere but into its notes: nothing else of the host is that user's.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from sandbox import host, oci, seccomp
from sandbox.job import NoIsolation, SandboxFault
from sandbox.plan import bwrap_arguments, command
from sandbox.staging import make_folder, make_folders

if TYPE_CHECKING:
    from sandbox.box import Box
    from sandbox.plan import Host

ARGUMENTS_FD, SECCOMP_FD = 4, 5  # where the launcher puts bubblewrap's further descriptors


class Maker(Protocol):
    """One way to make a box."""

    name: str

    def require(self) -> None:
        """Check that this host has what it needs.

        Raises:
            NoIsolation: it has not.

        """

    def prepare(self, box: Box, facts: Host, programs: str, uid: int | None) -> tuple[list[str], list[int]]:
        """Return the command line of a box, and further descriptors for the launcher, which the caller closes."""

    def isolation(self, facts: Host) -> dict[str, Any]:
        """Return what the evidence says of it."""


class Bwrap:
    """Boxes by bubblewrap, which reads options and filter from descriptors."""

    name = "bwrap"

    def require(self) -> None:
        """See `Maker`."""
        host.require_bwrap()
        _machine()

    def prepare(self, box: Box, facts: Host, programs: str, uid: int | None) -> tuple[list[str], list[int]]:  # noqa: ARG002
        """See `Maker`."""
        options = bwrap_arguments(box.shape, facts, box.staging, programs, SECCOMP_FD)
        further = [memfd("arguments", b"".join(os.fsencode(item) + b"\0" for item in options))]
        further.append(memfd("filter", seccomp.program()))
        return [
            host.bwrap_path(),
            "--args",
            str(ARGUMENTS_FD),
            "--",
            *command(box.shape.environment, box.imports),
        ], further

    def isolation(self, facts: Host) -> dict[str, Any]:
        """See `Maker`."""
        return {
            "engine": self.name,
            "engine_version": host.bwrap_version(),
            "seccomp": seccomp.digest(),
            "userns_disabled": facts.disable_userns,
        }


class Crun:
    """Boxes by crun, an OCI runtime, which reads a bundle from a folder."""

    name = "oci:crun"

    def require(self) -> None:
        """See `Maker`."""
        host.require_crun()
        _machine()

    def prepare(self, box: Box, facts: Host, programs: str, uid: int | None) -> tuple[list[str], list[int]]:
        """See `Maker`."""
        user, group = (os.geteuid(), os.getegid()) if uid is None else (uid, uid)
        files = [path for path in box.shape.environment.mounts if not Path(path).is_dir()]
        mounts = oci.mounts(box.shape, facts, box.staging, programs, files)
        document = oci.bundle(box.shape, facts, mounts, user, group, box.imports)
        bundle, state = box.base / "bundle", box.base / "state"
        try:
            make_folders(bundle, bundle / "rootfs", bundle / "rootfs/etc")
            for mount in mounts:
                _make_place(bundle / "rootfs", mount["destination"], file=oci.is_file(mount))
            for path, target in facts.links.items():
                (bundle / "rootfs" / path.lstrip("/")).symlink_to(target)
            (bundle / "config.json").write_text(json.dumps(document))
            (bundle / "config.json").chmod(0o644)
            state.mkdir(mode=0o700)
            os.chown(state, user, group)
        except OSError as error:
            raise SandboxFault(f"no bundle could be made: {error}") from error
        return oci.run_command(host.crun_path(), str(bundle), str(state)), []

    def isolation(self, facts: Host) -> dict[str, Any]:  # noqa: ARG002
        """See `Maker`."""
        return {
            "engine": self.name,
            "engine_version": host.crun_version(),
            "seccomp": oci.digest(),
            "userns_disabled": False,  # the filter refuses further ones
        }


def memfd(name: str, data: bytes) -> int:
    """Return a descriptor of a nameless file."""
    descriptor = os.memfd_create(name, os.MFD_CLOEXEC)
    os.write(descriptor, data)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _machine() -> None:
    try:
        seccomp.program()
    except ValueError as error:
        raise NoIsolation(str(error), "use an x86-64 or arm64 host") from error


def _make_place(root: Path, target: str, *, file: bool) -> None:
    """Make the file or folder to mount upon."""
    *folders, last = target.strip("/").split("/")
    for name in folders:
        root /= name
        make_folder(root)
    if file:
        (root / last).touch()
    else:
        make_folder(root / last)


ENGINES: dict[str, Maker] = {maker.name: maker for maker in (Bwrap(), Crun())}
