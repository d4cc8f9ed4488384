"""Records the examples of answers in the description: `python -m tests.api.examples` writes `app/api/examples.json` anew.

A real service is walked through, as in `tests.api.test_openapi`, and of each operation's answers the one that shows most
is kept. Ids and times are those of no service: they are counted, so that recording again changes little beside digests.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from app.main import create_app
from app.settings import Settings
from app.store import migrate
from tests.api.service import open_service
from tests.cli.command import ROOT

PLACE = ROOT / "app" / "api" / "examples.json"
BYTES_MAX = 4_000  # of one example
ROWS_MAX = 2
SHORTEST = "correction-record-v1"  # of the contracts of a record
_ID = re.compile(r"\b(ver|run|vrd|clm|rec|key|cor|whe|msg|src|hkd)_[0-9a-z]{26}\b")
_TIME = re.compile(r"\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)")
_KEY = re.compile(r"assay_live_[0-9A-Za-z_-]{49}")
_SECRET = re.compile(r"whsec_[0-9A-Za-z+/=]+")
_TOKEN = re.compile(r'(?<="next_cursor": ")[^"]+')
BEGIN = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


def record() -> dict[str, Any]:
    """Return the kept answers by operation and status."""
    from tests.api.test_openapi import WALKS

    document = create_app(Settings()).openapi()
    found: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder) / "template.db"
        migrate.upgrade(f"sqlite:///{template}")
        for service in open_service(template, Path(folder) / "home"):
            for route, answer in (item for walk in WALKS for item in walk(service)):
                status = answer.status_code
                if status >= 300 or answer.headers.get("Content-Type") != "application/json":
                    continue
                operation = document["paths"][route][answer.request.method.lower()]
                kept = found.setdefault(operation["operationId"], {})
                shown = _short(answer.json())
                if _fits(shown) >= _fits(kept.get(str(status))):
                    kept[str(status)] = shown
    return {name: {s: {"usual": {"value": v}} for s, v in kept.items()} for name, kept in sorted(found.items())}


def _fits(value: Any) -> int:
    """Return how much an answer shows; one that is too long to be read shows little."""
    size = len(json.dumps(value)) if value is not None else -1
    return size if size <= BYTES_MAX else 0


def _short(value: Any) -> Any:
    """Return an answer with at most ROWS_MAX rows of a list, and one contract of many."""
    if isinstance(value, dict) and isinstance(value.get("data"), list):
        return {**value, "data": value["data"][:ROWS_MAX]}
    if isinstance(value, dict) and isinstance(value.get("contracts"), dict):
        return {**value, "contracts": {SHORTEST: value["contracts"][SHORTEST]}}
    return value[:ROWS_MAX] if isinstance(value, list) else value


def counted(text: str) -> str:
    """Return a text in which ids, times and keys are replaced by counted ones, the same by the same."""
    known: dict[str, str] = {}

    def id_of(match: re.Match[str]) -> str:
        number = sum(item.startswith(match[1]) for item in known) + 1
        return known.setdefault(match[0], f"{match[1]}_01khexample{number:015}")

    text = _ID.sub(id_of, text)
    times = {name: BEGIN + timedelta(seconds=at) for at, name in enumerate(sorted(set(_TIME.findall(text))))}
    text = _TIME.sub(lambda match: f"{times[match[0]]:%Y-%m-%dT%H:%M:%SZ}", text)
    text = _SECRET.sub("whsec_…", _KEY.sub("assay_live_…", text))
    return _TOKEN.sub("eyJhZnRlciI6…", text)


if __name__ == "__main__":
    kept = json.loads(PLACE.read_bytes())
    answers = json.loads(counted(json.dumps(record(), ensure_ascii=False)))
    PLACE.write_text(json.dumps({**kept, "answers": answers}, indent=1, ensure_ascii=False) + "\n")
    sys.stdout.write(f"{PLACE.name}: {len(answers)} operations\n")
