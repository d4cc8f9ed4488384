# attack: mounting, remounting and unmounting
# stopped by: filter, no capabilities
# expect: contained
# control: root
import tempfile

from attack import call, report_calls

mine = tempfile.mkdtemp().encode()
REMOUNT_WRITABLE = 0x20 | 0x1000
report_calls(
    ("mount", b"none", mine, b"tmpfs", 0, 0),
    ("umount2", mine, 2),
    ("mount", b"none", b"/usr", b"none", REMOUNT_WRITABLE, 0),
    ("mount", b"/", mine, b"none", 0x1000, 0),
    ("umount2", b"/in", 2),
)
call("umount2", mine, 2)  # where the first succeeded
