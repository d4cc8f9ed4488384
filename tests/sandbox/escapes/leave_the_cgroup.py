# attack: leaving the cgroup that counts, or having its release agent run on the host
# stopped by: mounts, filter
# expect: contained
# control: root
import glob
import os
import tempfile

from attack import call, report

found = []
for root in ("", "/proc/1/root", f"/proc/{os.getppid()}/root"):
    for name in ("release_agent", "cgroup.procs", "tasks"):
        for path in glob.glob(f"{root}/sys/fs/cgroup/{name}") + glob.glob(f"{root}/sys/fs/cgroup/*/{name}"):
            try:
                os.close(os.open(path, os.O_WRONLY))
                found.append(path)
            except OSError:
                pass
mine = tempfile.mkdtemp().encode()
if not found and call("mount", b"cgroup", mine, b"cgroup2", 0, 0)[1] == 0:
    found.append("mounted")
    call("umount2", mine, 2)
report(found, found)
