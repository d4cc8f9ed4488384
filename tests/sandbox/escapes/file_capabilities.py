# attack: a file that gives whoever starts it a capability, or another user's rights
# stopped by: user namespace, no capabilities
# expect: contained
# control: root
import os
import struct
import tempfile

from attack import report

path = os.path.join(tempfile.mkdtemp(), "program")
open(path, "w").close()
found = []
try:
    os.setxattr(path, "security.capability", struct.pack("<5I", 0x02000001, 1 << 21, 0, 0, 0))
    found.append("capability")
except OSError:
    pass
for owner in (0, 65534):
    try:
        os.chown(path, owner, owner)
        os.chmod(path, 0o6755)
        found.append(f"setuid of user {owner}")
    except OSError:
        pass
report(found, found)
