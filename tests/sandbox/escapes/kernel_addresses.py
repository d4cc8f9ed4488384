# attack: what tells about the kernel's memory: symbols, core, messages, keys, timers
# stopped by: mounts, filter, no capabilities
# expect: contained
# control: root
import ctypes

from attack import call, report

found = []
for path in ("/proc/kallsyms", "/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/kmsg", "/dev/kmsg", "/dev/mem"):
    try:
        with open(path, "rb", buffering=0) as file:
            data = b"" if path.endswith("kmsg") else file.read(4096)
    except OSError:
        continue
    if path != "/proc/kallsyms" or any(line.split()[0].strip(b"0") for line in data.splitlines()[:20]):
        found += [path] if data or path.endswith("kmsg") else []
if call("syslog", 3, ctypes.create_string_buffer(64), 64)[1] == 0:
    found.append("syslog")
report(found, found)
