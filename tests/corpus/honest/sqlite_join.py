# /// assay
# about = "a join in a database in memory"
# inputs = { "people.csv" = "people", "visits.csv" = "visits" }
# digits = 2
# ///
import json
import os
from pathlib import Path

INPUT = Path(os.environ["ASSAY_INPUT"])
import csv, sqlite3

base = sqlite3.connect(":memory:")
base.execute("create table people (id integer primary key, name, age int, income int, region)")
base.execute("create table visits (id int, spent real)")
base.executemany("insert into people values (?,?,?,?,?)", list(csv.reader((INPUT / "people.csv").open()))[1:])
base.executemany("insert into visits values (?,?)", list(csv.reader((INPUT / "visits.csv").open()))[1:])
query = "select avg(spent) from visits join people using (id) where age > 40"
value = base.execute(query).fetchone()[0]

Path(os.environ["ASSAY_RESULT"]).write_text(json.dumps({"value": value}))
