# attack: another name for the host; the names are too long for any kernel
# stopped by: filter, no capabilities
# expect: contained
# control: root
from attack import report_calls

report_calls(("sethostname", b"x", 65_536), ("setdomainname", b"x", 65_536))
