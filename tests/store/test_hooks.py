"""Deliveries and reports as rows, on both databases: taken once, settled by who holds them, found again when he is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy.exc import IntegrityError

from app import actions
from app.core.errors import Refusal
from app.core.hook_change import Topic
from app.core.hook_paths import PATTERN
from app.core.hooks import Kind, Signed
from app.store import hook_reports, hooks, migrate, source_lists
from app.store.hook_reports import NewReport
from tests.store.house import at_once
from tests.workers.deliveries import by_github

if TYPE_CHECKING:
    from tests.store.house import House

SHA = "a" * 40


@pytest.fixture
def source(house: House) -> str:
    return add_source(house, "octo/claims")


def add_source(house: House, repository: str) -> str:
    new = actions.NewSource(
        Kind.GITHUB, "demo", repository, "1", PATTERN, ("python",), 2, 0, "https://api.example", "t"
    )
    return actions.add_source(house.parts, new)[0]


def receive(
    house: House, source: str, delivery: str = "d-1", digest: str = "x", topic: Topic = Topic.PUSH
) -> tuple[str, str]:
    with house.parts.store.transaction() as session:
        return hooks.receive(session, source, Signed(delivery, digest, topic.value, topic), b"{}")


def report(house: House, source: str, verification_id: str | None, **changes: Any) -> None:
    usual = {"context": "assay/first", "folder": "first", "lines": {"score": 3}}
    with house.parts.store.transaction() as session:
        told = {**usual, "verification_id": verification_id, **changes}
        hook_reports.put_report(session, NewReport(source, "octo/claims", "1", SHA, **told))


def test_two_clerks_never_take_the_same_delivery(house: House, source: str) -> None:
    made = {receive(house, source, f"d-{number}", f"x{number}")[0] for number in range(4)}
    taken = at_once(*(lambda: actions.take_hook(house.parts) for _ in range(6)))
    found = [item.id for item in taken if isinstance(item, hooks.Taken)]
    assert sorted(found) == sorted(made) or len(set(found)) == len(found) < 4  # who met a locked row comes back later
    while (later := actions.take_hook(house.parts)) is not None:
        found.append(later.id)
    assert sorted(found) == sorted(made)


def test_sources_take_turns_so_that_a_noisy_one_delays_no_other(house: House, source: str) -> None:
    noisy = [receive(house, source, f"d-{number}", f"x{number}")[0] for number in range(6)]
    quiet = [add_source(house, f"octo/quiet-{number}") for number in range(2)]
    late = {receive(house, other, "d-0", "y")[0] for other in quiet}
    taken = []
    while (mine := actions.take_hook(house.parts)) is not None:
        taken.append(mine.id)
        actions.settle_hook(house.parts, mine, "done", "")
    assert [item for item in taken if item in noisy] == noisy  # of one source in their order
    assert set(taken[1:3]) == late  # each of the others after one delivery of the noisy one, not after six
    assert len(taken) == 8


def test_a_source_that_failed_keeps_its_turn_from_nobody(house: House, source: str) -> None:
    first, second = (receive(house, source, f"d-{number}", f"x{number}")[0] for number in range(2))
    mine = actions.take_hook(house.parts)
    assert mine is not None
    assert mine.id == first
    assert actions.postpone_hook(house.parts, mine, "the forge does not answer")
    other = receive(house, add_source(house, "octo/quiet"), "d-0", "y")[0]
    assert [found.id for _ in range(2) if (found := actions.take_hook(house.parts)) is not None] == [other, second]


def test_the_same_delivery_at_once_is_one_row(house: House, source: str) -> None:
    answers = at_once(*(lambda: _received(house, source) for _ in range(6)))
    assert len({answer for answer in answers if isinstance(answer, tuple)}) == 1
    assert house.count("hook_delivery") == 1


def _received(house: House, source: str) -> tuple[str, str]:
    for _ in range(3):
        try:
            return receive(house, source)
        except IntegrityError:
            continue
    raise AssertionError


def test_what_a_lost_clerk_held_is_taken_again_and_his_late_word_does_not_count(house: House, source: str) -> None:
    receive(house, source)
    first = actions.take_hook(house.parts)
    assert first is not None
    assert actions.take_hook(house.parts) is None
    house.change("UPDATE hook_delivery SET due_at = 1")
    second = actions.take_hook(house.parts)
    assert second is not None
    actions.settle_hook(house.parts, first, "failed", "too late")
    assert house.scalar("SELECT state FROM hook_delivery") == "queued"
    actions.settle_hook(house.parts, second, "done", "all is well")
    assert house.scalar("SELECT detail FROM hook_delivery") == "all is well"
    assert house.scalar("SELECT body FROM hook_delivery") is None
    assert receive(house, source)[1] == "done"


def test_one_signed_body_at_once_under_many_headers_is_worked_on_once_a_topic(house: House) -> None:
    new = actions.NewSource(Kind.GITHUB, "demo", "octo/claims", "1", PATTERN, ("python",), 2, 0, "https://api.example")
    source, secret = actions.add_source(house.parts, new)
    events = ("push", "pull_request", "star", "watch", "check_run", "check_suite")
    sent = [
        by_github(secret, event, b'{"after": "none"}', f"d-{number % 3}") for number, event in enumerate(events * 4)
    ]
    calls = [lambda one=one: actions.receive(house.parts, source, *one) for one in sent]
    answers = at_once(*calls)
    assert all(isinstance(answer, tuple) for answer in answers), answers
    assert len(set(answers)) == house.count("hook_delivery") == 4
    taken = at_once(*[lambda: actions.take_hook(house.parts)] * 8)
    found = [item.id for item in taken if isinstance(item, hooks.Taken)]
    while (later := actions.take_hook(house.parts)) is not None:
        found.append(later.id)
    assert sorted(found) == sorted({answer[0] for answer in answers if isinstance(answer, tuple)})
    again = at_once(*calls)
    assert set(again) == set(answers)
    assert actions.take_hook(house.parts) is None


def test_neither_an_id_nor_another_topic_makes_a_delivery_one_that_is_done(house: House, source: str) -> None:
    """Both come in headers that are not signed: who replays an old body must not be able to take the place of a new one."""
    receive(house, source, "d-1", "old", Topic.OTHER)
    first = actions.take_hook(house.parts)
    assert first is not None
    actions.settle_hook(house.parts, first, "done", "")
    new = receive(house, source, "d-1", "new")
    assert new[1] == "queued"
    same = receive(house, source, "d-2", "old")
    assert (same[1], same[0] in {first.id, new[0]}) == ("queued", False)
    assert receive(house, source, "d-3", "old", Topic.OTHER) == (first.id, "done")


def test_deliveries_of_before_topics_stay_what_they_were(house: House, source: str) -> None:
    identity, _ = receive(house, source)
    with house.parts.store.transaction() as session:
        hooks.receive(session, source, Signed("d-1", "x", "star", Topic.OTHER), b"{}")
    house.change("UPDATE hook_delivery SET event = 'pull_request_sync' WHERE topic = 'push'")
    url = house.parts.store.url
    house.close()
    migrate.downgrade(url, "0014")
    migrate.upgrade(url)
    assert house.count("hook_delivery") == 1  # of one body and one id the first
    assert receive(house, source, "d-9", "x", Topic.PULL) == (identity, "queued")


def test_what_somebody_works_on_or_tells_is_not_begun_again_beside_him(house: House, source: str) -> None:
    identity, _ = receive(house, source)
    held = actions.take_hook(house.parts)
    report(house, source, None, refusal="mend it")
    told = actions.take_report(house.parts)
    assert held is not None
    assert told is not None
    for other in (identity, told.id):
        with pytest.raises(Refusal, match="at this moment"):
            actions.replay_incoming(house.parts, other, None)
    assert (actions.take_hook(house.parts), actions.take_report(house.parts)) == (None, None)
    actions.postpone_hook(house.parts, held, "the forge is away")
    actions.note_not_told(house.parts, told, "403")
    for other in (identity, told.id):
        assert actions.replay_incoming(house.parts, other, None)
    again, retold = actions.take_hook(house.parts), actions.take_report(house.parts)
    assert again is not None
    assert retold is not None
    assert (again.attempts, retold.attempts) == (1, 1)
    house.change("UPDATE hook_delivery SET held_until = 1")  # its worker was lost
    assert actions.replay_incoming(house.parts, identity, None)


def test_a_failed_delivery_comes_again_and_one_that_waits_stays(house: House, source: str) -> None:
    known = receive(house, source)
    assert receive(house, source) == known
    taken = actions.take_hook(house.parts)
    assert taken is not None
    actions.settle_hook(house.parts, taken, "failed", "no")
    assert receive(house, source, "d-2") == known  # the same bytes
    again = actions.take_hook(house.parts)
    assert again is not None
    assert (again.attempts, again.body) == (1, b"{}")


def test_a_report_is_due_at_once_and_again_when_its_verification_has_ended(house: House, source: str) -> None:
    verification_id = house.submit().verification_id
    report(house, source, verification_id)
    first = actions.take_report(house.parts)
    assert first is not None
    assert actions.said_by(house.parts, first).note.state == "pending"
    actions.note_told(house.parts, first, "pending", "7")
    assert actions.take_report(house.parts) is None
    house.run_all(verification_id)
    actions.conclude(house.parts, verification_id)
    second = actions.take_report(house.parts)
    assert second is not None
    assert (second.check_run, second.lines) == ("7", {"score": 3})
    said = actions.said_by(house.parts, second)
    assert (said.note.state, said.note.context) == ("success", "assay/first")
    actions.note_told(house.parts, second, "success", "7")
    assert actions.take_report(house.parts) is None
    actions.tell_commits(house.parts, verification_id)
    assert house.heard.hooks == 1


def test_a_commit_that_waits_for_a_faulted_verification_waits_for_the_one_begun_again(
    house: House, source: str
) -> None:
    verification_id = house.submit().verification_id
    report(house, source, verification_id)
    actions.fault_verification(house.parts, verification_id, "WORKER_LOST", "It went away.")
    first = actions.take_report(house.parts)
    assert first is not None
    assert actions.said_by(house.parts, first).note.state == "error"
    actions.note_told(house.parts, first, "error", None)
    fresh = actions.retry(house.parts, verification_id)
    assert fresh is not None
    again = actions.take_report(house.parts)
    assert again is not None
    assert again.verification_id == fresh.verification_id
    assert actions.said_by(house.parts, again).note.state == "pending"


def test_a_report_that_was_written_anew_meanwhile_is_told_anew(house: House, source: str) -> None:
    report(house, source, None, refusal="claim.toml:3: mend it")
    held = actions.take_report(house.parts)
    assert held is not None
    verification_id = house.submit().verification_id
    report(house, source, verification_id)
    assert actions.take_report(house.parts) is None  # the older word must not come behind the newer one
    actions.note_told(house.parts, held, "error", None)
    assert house.scalar("SELECT told FROM hook_report") is None
    fresh = actions.take_report(house.parts)
    assert fresh is not None
    assert (fresh.verification_id, fresh.attempts) == (verification_id, 1)
    actions.note_told(house.parts, held, "error", None)  # of the first attempt too, but at something else
    assert house.scalar("SELECT told FROM hook_report") is None
    assert actions.take_report(house.parts) is None
    assert house.count("hook_report") == 1


def test_bundles_whose_claims_have_one_name_hide_nothing_of_each_other(house: House, source: str) -> None:
    names = [("assay/x", "a"), ("assay/x", "b"), ("assay/x", ""), ("assay/x in b", "c"), ("assay/x", "a")]
    for context, folder in [*names, *names]:
        report(house, source, None, context=context, folder=folder, refusal=f"of {folder}")
    with house.parts.store.read() as session:
        rows = {item["context"]: item["folder"] for item in source_lists.reports(session, source)}
    assert len(rows) == house.count("hook_report") == 4
    assert rows == {"assay/x": "a", "assay/x in b": "b", "assay/x in the top folder": "", "assay/x in b in c": "c"}


def test_what_is_said_of_one_bundle_at_once_is_one_report(house: House, source: str) -> None:
    same = at_once(*(lambda: report(house, source, None, refusal="mend it") for _ in range(6)))
    others = at_once(*(lambda folder=folder: report(house, source, None, folder=folder) for folder in "abcdef"))
    assert same == others == [None] * 6
    assert house.count("hook_report") == 7


def test_a_report_that_is_never_taken_is_given_up(house: House, source: str) -> None:
    report(house, source, None, refusal="mend it")
    attempts = 0
    while (held := actions.take_report(house.parts)) is not None:
        attempts += 1
        actions.note_not_told(house.parts, held, "403")
        house.change("UPDATE hook_report SET due_at = 1")
    assert attempts == 6
    assert house.scalar("SELECT told FROM hook_report") == "given up"


def look(house: House, publisher: str | None = None) -> dict[str, Any]:
    with house.parts.store.read() as session:
        return source_lists.incoming(session, publisher)


def outside(house: House) -> tuple[int, float | None]:
    with house.parts.store.read() as session:
        return source_lists.waiting_outside(session)


def test_a_failed_delivery_can_be_worked_on_again_while_its_payload_is_kept(house: House, source: str) -> None:
    identity, _ = receive(house, source)
    for _ in range(2):
        taken = actions.take_hook(house.parts)
        assert taken is not None
        assert (taken.body, taken.attempts) == (b"{}", 1)
        actions.settle_hook(house.parts, taken, "failed", "the forge is away")
        assert actions.take_hook(house.parts) is None
        assert not actions.replay_incoming(house.parts, identity, "somebody")
        assert actions.replay_incoming(house.parts, identity, "demo")
    assert house.heard.hooks == 2
    taken = actions.take_hook(house.parts)
    assert taken is not None
    actions.settle_hook(house.parts, taken, "failed", "no")
    house.change("UPDATE hook_delivery SET ended_at = '2026-01-01 00:00:00+00:00'")
    with house.parts.store.transaction() as session:
        hooks.forget(session, 1e9, source_lists.LATELY_SECONDS)
    assert (house.count("hook_delivery"), house.scalar("SELECT body FROM hook_delivery")) == (1, None)
    with pytest.raises(Refusal, match="no longer kept"):
        actions.replay_incoming(house.parts, identity, None)


def test_what_is_done_or_of_a_removed_source_is_not_worked_on_again(house: House, source: str) -> None:
    identity, _ = receive(house, source)
    taken = actions.take_hook(house.parts)
    assert taken is not None
    actions.settle_hook(house.parts, taken, "done", "")
    with pytest.raises(Refusal, match="it is done"):
        actions.replay_incoming(house.parts, identity, None)
    assert not actions.replay_incoming(house.parts, "hkd_none", None)
    other, _ = receive(house, source, "d-2", "y")
    actions.remove_source(house.parts, source)
    with pytest.raises(Refusal, match="its source was removed"):
        actions.replay_incoming(house.parts, other, None)
    assert house.heard.hooks == 0


def test_a_commit_that_was_given_up_is_told_again_on_request(house: House, source: str) -> None:
    report(house, source, None, refusal="mend it")
    with house.parts.store.read() as session:
        (shown,) = source_lists.reports(session, source)
    assert (shown["heard"], shown["told"], shown["happened"]) == (False, None, "mend it")
    while (held := actions.take_report(house.parts)) is not None:
        actions.note_not_told(house.parts, held, "403")
        house.change("UPDATE hook_report SET due_at = 1")
    with house.parts.store.read() as session:
        (shown,) = source_lists.untold(session, source)
    assert (shown["heard"], shown["told"], shown["error"]) == (False, "given up", "403")
    assert look(house)["untold"] == 1
    assert actions.replay_incoming(house.parts, shown["id"], None)
    held = actions.take_report(house.parts)
    assert held is not None
    assert held.attempts == 1
    actions.note_told(house.parts, held, "error", None)
    with pytest.raises(Refusal, match="the commit was told"):
        actions.replay_incoming(house.parts, shown["id"], None)
    with house.parts.store.read() as session:
        assert source_lists.untold(session, source) == []
        assert source_lists.reports(session, source)[0]["heard"]


def test_a_list_says_what_there_was_to_be_told(house: House, source: str) -> None:
    verification_id = house.verify()
    report(house, source, verification_id)
    held = actions.take_report(house.parts)
    assert held is not None
    actions.note_told(house.parts, held, "success", None, "nobody could be told")
    with house.parts.store.read() as session:
        (shown,) = source_lists.reports(session, source)
    assert (shown["heard"], shown["error"]) == (False, "nobody could be told")
    assert shown["happened"].startswith("VERIFIED MATCH")
    assert actions.take_report(house.parts) is None  # it is over, though nobody heard


def test_what_comes_in_and_waits_fails_or_is_tried_again_is_counted(house: House, source: str) -> None:
    assert look(house) == {"queued": 0, "oldest_seconds": None, "failed": 0, "untold": 0, "last": None}
    assert outside(house) == (0, None)
    for number in range(3):
        receive(house, source, f"d-{number}", f"x{number}")
    assert outside(house)[0] == 3
    first, second = actions.take_hook(house.parts), actions.take_hook(house.parts)
    assert first is not None
    assert second is not None
    assert outside(house)[0] == 1
    actions.settle_hook(house.parts, first, "failed", "its repository is another")
    actions.postpone_hook(house.parts, second, "the forge is away")
    assert outside(house)[0] == 1  # what is tried again later does not wait yet
    found = look(house, "demo")
    assert (found["queued"], found["failed"], found["last"]["detail"]) == (2, 1, "the forge is away")
    assert found["oldest_seconds"] >= 0
    assert look(house, "somebody")["queued"] == 0
    report(house, source, None, refusal="mend it")
    assert outside(house)[0] == 2
    house.change("UPDATE hook_delivery SET ended_at = '2020-01-01 00:00:00+00:00' WHERE state = 'failed'")
    assert look(house)["failed"] == 0  # no news any more
    with house.parts.store.read() as session:
        listed = source_lists.deliveries(session, source, "queued", 1)
        assert [row["state"] for row in source_lists.deliveries(session, source)].count("failed") == 1
    assert [(row["state"], row["kept"]) for row in listed] == [("queued", True)]


def test_old_deliveries_are_forgotten_and_new_ones_kept(house: House, source: str) -> None:
    for number in range(2):
        receive(house, source, f"d-{number}", f"x{number}")
        taken = actions.take_hook(house.parts)
        assert taken is not None
        actions.settle_hook(house.parts, taken, "done", "")
    receive(house, source, "d-3", "x3")
    house.change("UPDATE hook_delivery SET ended_at = '2020-01-01 00:00:00+00:00' WHERE delivery = 'd-0'")
    actions.tidy(house.parts)
    assert house.count("hook_delivery") == 2
