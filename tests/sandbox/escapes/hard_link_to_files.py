# attack: a second name for sealed files, below a folder where one may write and rename
# stopped by: mounts
# expect: contained
# control: succeeds
import os
import sys
import tempfile

from attack import report_any

places = [tempfile.mkdtemp(), os.environ["ASSAY_OUTPUT"]]
sealed = [os.path.abspath(__file__), os.path.realpath(sys.executable), os.__file__]
report_any(
    [
        (f"{path} in {place}", lambda path=path, place=place: os.link(path, os.path.join(place, "twin")))
        for path in sealed
        for place in places
    ]
)
