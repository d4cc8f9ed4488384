# attack: modules, kexec, swap, reboot and the clock; every argument is one that the kernel would not accept
# stopped by: filter, no capabilities
# expect: contained
# control: root
import ctypes

from attack import report_calls

bad_time = (ctypes.c_long * 2)(0, -5)
report_calls(
    ("settimeofday", bad_time, 0),
    ("delete_module", b"no-such-module", 0),
    ("init_module", b"garbage", 7, b""),
    ("kexec_load", 0, 99999, 0, 0xFFFF),
    ("swapon", b"/no/such/file", 0),
    ("reboot", 1, 2, 3, 0),
)
