# attack: what makes a host known again: how it was started and when, its kernel's settings, disks, interrupts and hardware
# stopped by: mounts
# expect: contained
# control: succeeds
import os

from attack import report

found = []
for name in ("cmdline", "sys/kernel/random/boot_id", "config.gz", "partitions", "diskstats", "interrupts", "modules"):
    try:
        with open(f"/proc/{name}", "rb") as file:
            found += [name] if file.read(1) else []
    except OSError:
        pass
for name in ("acpi", "asound", "bus", "fs", "scsi"):
    if os.path.isdir(f"/proc/{name}") and os.listdir(f"/proc/{name}"):
        found.append(name)
report(found, found)
