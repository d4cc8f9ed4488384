# attack: the runner's end of the channel, by every way that leads to another process's descriptors or into its calls
# stopped by: channel, filter
# expect: contained
# control: none, without a box there is no channel
import ctypes
import os

from attack import call, report

PTRACE_ATTACH, PTRACE_SEIZE, CHANNEL = 16, 0x4206, 3
block = (ctypes.c_size_t * 2)(ctypes.addressof(ctypes.create_string_buffer(8)), 8)
found = []
for process in (os.getppid(), 1):
    other, _ = call("pidfd_open", process, 0)
    taken = {
        "pidfd_getfd": call("pidfd_getfd", other, CHANNEL, 0)[0],
        "ptrace": call("ptrace", PTRACE_ATTACH, process, 0, 0)[0],
        "seize": call("ptrace", PTRACE_SEIZE, process, 0, 0)[0],
        "process_vm_readv": call("process_vm_readv", process, block, 1, block, 1, 0)[0],
        "process_vm_writev": call("process_vm_writev", process, block, 1, block, 1, 0)[0],
    }
    for way in (os.O_RDONLY, os.O_WRONLY, os.O_RDWR):
        try:
            taken[f"open {way}"] = os.open(f"/proc/{process}/fd/{CHANNEL}", way | os.O_NONBLOCK)
        except OSError:
            pass
    found += [f"{process}: {name}" for name, result in taken.items() if result >= 0]
found += [
    name for name in os.listdir("/proc/self/fd") if os.path.realpath(f"/proc/self/fd/{name}").startswith("socket:")
]
report(found, found)
