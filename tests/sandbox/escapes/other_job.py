# attack: reading the files that are staged for another run
# stopped by: mounts
# expect: contained
# control: root
import glob
import os

from attack import report_any

path = os.environ["OTHER_JOB"]
places = [path, "/proc/1/root" + path, *glob.glob("/tmp/assay-box-*/run-*/in/*"), *glob.glob("/in/../../*/in/*")]
report_any([(place, lambda place=place: open(place, "rb").read(10)) for place in places])
