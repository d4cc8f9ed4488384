"""What a wrong address may have meant, by its spelling alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.meant import FOLDERS, PLACES, meant, meant_by_programs

KNOWN = ("/v1/records", "/v1/verdicts", "/v1/verdicts/summary", "/v1/verifications", "/openapi.json")


@pytest.mark.parametrize(
    ("path", "goal"),
    [
        ("/claim/clm_01abc", "/claims/clm_01abc"),
        ("/claims/ver_01abc", "/verifications/ver_01abc"),
        ("/records/run_01abc.json", "/runs/run_01abc"),
        ("/vrd_01abc", "/v1/verdicts/vrd_01abc"),
        ("/CLAIMS/CLM_01ABC", "/claims/clm_01abc"),
        ("/record/student-1908", "/records/student-1908"),
        ("/record", "/records"),
        ("/workers/", "/workers"),
        ("/worker", "/workers"),
        ("/queue", "/workers"),
        ("/verdict", "/"),
        ("/webhook/whe_01abc", "/webhooks"),
        ("/index.html", "/"),
        ("/claims/clm_01abc", None),
        ("/claims/clm_01abc.json", None),
        ("/runs/run_01abc/stdout.txt", None),
        ("/records/student-1908", None),
        ("/v1/verdicts/vrd_01abc", None),
        ("/wp-login.php", None),
        ("//evil.example/", None),
        ("/", None),
        ("", None),
    ],
)
def test_an_address_that_is_nearly_one_of_ours_is_said(path: str, goal: str | None) -> None:
    assert meant(path) == goal


@given(st.text(max_size=60) | st.lists(st.sampled_from([*PLACES, "clm_1", "..", "", "?a"])).map("/".join))
def test_what_is_proposed_is_an_address_of_ours_and_another_one(path: str) -> None:
    goal = meant(f"/{path}")
    assert goal != f"/{path}"
    known = {*PLACES.values()}
    assert goal is None or goal in known or goal.startswith(tuple(f"/{folder}/" for folder in FOLDERS.values()))
    assert goal is None or "//" not in goal


@pytest.mark.parametrize(
    ("path", "goal"),
    [
        ("/v1/verdict", "/v1/verdicts"),
        ("/verdicts", "/v1/verdicts"),
        ("/v1/verifications/", "/v1/verifications"),
        ("/v1/Verifcations", "/v1/verifications"),
        ("/v1/verdicts/sumary", "/v1/verdicts/summary"),
        ("/claims/clm_01abc", "/v1/claims/clm_01abc"),
        ("/v1/claims/clm_01abc", None),
        ("/v1/zzz", None),
        ("/wp-login.php", None),
        ("/v1/", None),
        ("/" + "v" * 5000, None),
    ],
)
def test_programs_are_led_to_the_address_of_the_interface(path: str, goal: str | None) -> None:
    assert meant_by_programs(path, KNOWN) == goal
