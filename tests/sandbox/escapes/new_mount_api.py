# attack: the new mount interface
# stopped by: filter, no capabilities
# expect: contained
# control: root
from attack import report_calls

report_calls(("fsopen", b"tmpfs", 0), ("open_tree", -100, b"/", 1))
