# attack: devices: made anew, or found
# stopped by: filter, mounts, no capabilities
# expect: contained
# control: root
import os
import stat
import tempfile

from attack import report_any

mine = os.path.join(tempfile.mkdtemp(), "null")
names = [
    "mem",
    "kmsg",
    "port",
    "kvm",
    "fuse",
    "vda",
    "sda",
    "nvme0n1",
    "loop-control",
    "net/tun",
    "nvidiactl",
    "nvidia0",
    "dri/card0",
    "vhost-net",
    "hwrng",
    "rtc0",
]
report_any(
    [
        ("mknod", lambda: os.mknod(mine, 0o666 | stat.S_IFCHR, os.makedev(1, 3))),
        ("mknod of a disk", lambda: os.mknod(mine + "2", 0o666 | stat.S_IFBLK, os.makedev(8, 0))),
        *((name, lambda name=name: os.open(f"/dev/{name}", os.O_RDONLY)) for name in names),
    ]
)
