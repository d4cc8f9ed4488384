"""One box of each kind for the whole session: what a run leaves behind would show in the next."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.sandbox.boxes import Imported, Oci, Prepared, Strongest, Weakest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.sandbox.boxes import Box


@pytest.fixture(scope="session")
def strongest() -> Iterator[Strongest]:
    box = Strongest()
    yield box
    box.close()


@pytest.fixture(scope="session")
def prepared() -> Iterator[Prepared]:
    box = Prepared()
    yield box
    box.close()


@pytest.fixture(scope="session")
def imported() -> Iterator[Imported]:
    box = Imported()
    yield box
    box.close()


@pytest.fixture(scope="session")
def weakest() -> Iterator[Weakest]:
    with Weakest() as box:
        yield box


@pytest.fixture(scope="session")
def oci() -> Iterator[Oci]:
    if Oci.lack():
        refuse_to_skip(Oci.lack())
    with Oci() as box:
        yield box


@pytest.fixture(params=["strongest", "prepared", "weakest", "oci"])
def box(request: pytest.FixtureRequest) -> Box:
    found: Box = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def root() -> None:
    """Ask for root, whom some attacks and some remedies need."""
    if os.geteuid() != 0:
        refuse_to_skip("needs root")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many hostile scripts have no control, and why: their containment is the less convincing half of a proof."""
    passed = terminalreporter.getreports("passed")
    controls = [report for report in passed if "test_the_same_script_succeeds_without_a_box" in report.nodeid]
    without = [text for report in controls for name, text in report.user_properties if name == "uncontrolled"]
    if controls:
        terminalreporter.section("hostile scripts")
        succeeded = len(controls) - len(without)
        terminalreporter.line(f"{succeeded} succeed without a box; {len(without)} have no control:")
        for text in without:
            terminalreporter.line(f"  {text}")


def refuse_to_skip(reason: str) -> None:
    """Skip loudly, and fail where nothing may be skipped."""
    if os.environ.get("CI"):
        pytest.fail(f"on CI nothing is skipped: {reason}")
    pytest.skip(reason)
