"""Whatever is sent, the answer is no failure of ours, and what is not accepted leaves nothing behind."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.api.bundles import CLAIM, SCRIPT_CLAIM, formula_document, script_bundle
from tests.api.service import TARGET

if TYPE_CHECKING:
    import httpx2

    from tests.api.service import Service

fuzz = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

TEXTS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ["8.7", "-0", "1e400", "1e-400", "\u22121", "5%", "\0", "\ud800", "a" * 5_000, "a - b", "a / 0", "9" * 400]
    ),
)
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=8
)
KEYS = [
    "schema",
    "claim",
    "expect",
    "reproduce",
    "limits",
    "record",
    "source",
    "id",
    "statement",
    "metric",
    "value",
    "rule",
]
KEYS += ["tolerance", "kind", "formula", "formulas", "values", "a", "wall", "memory", "cpus", "isolation", "unknown"]


def check(service: Service, before: dict[str, int], answer: httpx2.Response) -> None:
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert service.rows() == before
    else:
        assert answer.json()["id"]


def places(value: Any) -> list[tuple[Any, Any]]:
    """Return every (container, key) of a document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, item in items for place in ((value, key), *places(item))]


@fuzz
@given(data=st.data())
def test_a_claim_with_any_values_in_any_place_is_accepted_or_refused(house: Service, data: st.DataObject) -> None:
    document = copy.deepcopy(formula_document(limits={"wall": "5s"}, record={"id": "r"}))
    for _ in range(data.draw(st.integers(1, 4))):
        container, key = data.draw(st.sampled_from(places(document)))
        match data.draw(st.sampled_from(["replace", "remove", "add"])):
            case "replace":
                container[key] = data.draw(VALUES)
            case "remove":
                del container[key]
            case _ if isinstance(container, dict):
                container[data.draw(st.sampled_from(KEYS) | TEXTS)] = data.draw(VALUES)
            case _:
                container.append(data.draw(VALUES))
        if not places(document):
            break
    before = house.rows()
    headers = {"Content-Type": "application/json"}
    check(house, before, house.client.post(TARGET, content=json.dumps(document), headers=headers))


@fuzz
@given(
    st.binary(max_size=200),
    st.sampled_from(
        [
            "application/json",
            "multipart/form-data; boundary=b",
            "multipart/form-data; boundary=",
            "text/plain",
            "\u00e9",
            "",
        ]
    ),
)
@example(
    b'--b\r\nContent-Disposition: form-data; name="bundle"; filename="x"\r\n\r\n\r\n--b--',
    "multipart/form-data; boundary=b",
)
@example(b"--b\r\n\r\n\r\n--b--", "multipart/form-data; boundary=b")
def test_any_bytes_of_any_type_are_refused(house: Service, body: bytes, media_type: str) -> None:
    before = house.rows()
    headers = {"Content-Type": media_type.encode("latin-1")}
    check(house, before, house.client.post(TARGET, content=body, headers=headers))


@fuzz
@given(data=st.data(), claim=st.sampled_from([CLAIM, SCRIPT_CLAIM]))
def test_a_claim_file_with_lines_shuffled_and_changed_is_accepted_or_refused(
    house: Service, data: st.DataObject, claim: str
) -> None:
    lines = claim.encode().splitlines()
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(lines) - 1))
        match data.draw(st.sampled_from(["drop", "double", "change", "insert"])):
            case "drop" if len(lines) > 1:
                del lines[at]
            case "double":
                lines.insert(at, lines[at])
            case "change":
                line = bytearray(lines[at] or b" ")
                line[data.draw(st.integers(0, len(line) - 1))] = data.draw(st.integers(0, 255))
                lines[at] = bytes(line)
            case _:
                lines.insert(at, data.draw(st.binary(max_size=20)))
    before = house.rows()
    check(house, before, house.submit({**script_bundle(), "claim.toml": b"\n".join(lines)}))


@fuzz
@given(body=VALUES, record_id=TEXTS.filter(lambda text: text.isprintable()))
def test_any_record_is_accepted_or_refused(house: Service, body: Any, record_id: str) -> None:
    from urllib.parse import quote

    before = house.rows()
    headers = {"Content-Type": "application/json"}
    path = f"/v1/records/{quote(record_id, safe='')}"
    check(house, before, house.client.put(path, content=json.dumps(body), headers=headers))


@fuzz
@given(st.text(max_size=40), st.sampled_from(["Prefer", "If-None-Match", "Range", "Accept", "X-Request-Id", "Origin"]))
def test_any_header_is_survived(house: Service, value: str, name: str) -> None:
    headers = {name: value.replace("\r", "").replace("\n", "").replace("\0", "").encode("utf-8", "replace")}
    for path in ("/livez", "/v1/records/none"):
        assert house.client.get(path, headers=headers).status_code in {200, 304, 404}
