"""The way out: who is spoken to, at which address, for how long; against servers that really run."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.workers.receivers import Authority, Receiver
from workers.outside import UNREACHABLE, Outside, OutsideError

ROOT = Path(__file__).parent.parent.parent
HERE = "127.0.0.1"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def ask(outside: Outside, url: str, *, seconds: float = 5, most: int = 1024, follow: bool = False) -> tuple[int, bytes]:
    answer = outside.ask(
        "POST", url, {"x-secret": "s", "authorization": "a"}, b"{}", seconds=seconds, most=most, follow=follow
    )
    return answer.status, answer.body


def opened(
    receiver: Receiver, host: str, authority: Authority | None = None, addresses: tuple[str, ...] = (HERE,)
) -> Outside:
    """Return a way out to a named receiver, with a resolver that knows it."""
    return Outside(
        frozenset({receiver.named(host)}), None if authority is None else authority.file, lambda *_: list(addresses)
    )


def test_a_named_host_is_asked_over_tls_that_proves_its_name(authority: Authority) -> None:
    with Receiver(authority.context("receiver.test"), headers={"X-Answer": "yes"}) as receiver:
        outside = opened(receiver, "receiver.test", authority)
        answer = outside.ask("POST", receiver.url("receiver.test"), {"x-a": "1"}, b"body", seconds=5, most=100)
        assert (answer.status, answer.body, answer.whole, answer.headers["x-answer"]) == (200, b"taken", True, "yes")
        path, headers, sent = receiver.heard[0]
        assert (path, headers["x-a"], headers["host"], sent) == ("/hook", "1", receiver.named("receiver.test"), b"body")


@pytest.mark.parametrize("name", ["other.test", HERE])
def test_a_certificate_for_another_name_is_not_believed(authority: Authority, name: str) -> None:
    with Receiver(authority.context(name)) as receiver:
        with pytest.raises(OutsideError, match="connection failed"):
            ask(opened(receiver, "receiver.test", authority), receiver.url("receiver.test"))
        assert receiver.heard == []


def test_an_unknown_authority_is_not_believed(authority: Authority) -> None:
    with Receiver(authority.context("receiver.test")) as receiver:
        with pytest.raises(OutsideError, match="connection failed"):
            ask(opened(receiver, "receiver.test"), receiver.url("receiver.test"))
        assert receiver.heard == []


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "[::1]", "169.254.169.254", "2130706433", "0x7f.1", "127.1", "0", "[::ffff:10.0.0.1]",
        "[64:ff9b::a9fe:a9fe]", "[fe80::1]",
    ],
)  # fmt: skip
def test_this_machine_and_its_neighbours_are_not_spoken_to_by_any_spelling(host: str) -> None:
    with pytest.raises(OutsideError, match=UNREACHABLE):
        ask(Outside(), f"https://{host}/")


@pytest.mark.parametrize("addresses", [["10.0.0.1"], ["1.1.1.1", "10.0.0.1"], ["fd00::1", "1.1.1.1"], []])
def test_one_address_that_is_not_public_closes_a_name(addresses: list[str]) -> None:
    with pytest.raises(OutsideError, match=UNREACHABLE):
        ask(Outside(resolve=lambda *_: addresses), "https://rebound.test/")


def test_a_name_is_looked_up_once_and_the_address_that_was_checked_is_dialled() -> None:
    """A resolver that changes its mind, which is what a rebinding attack does, is not asked a second time."""
    answers = iter([[HERE], ["127.0.0.2"], ["127.0.0.2"]])
    with Receiver() as receiver, Receiver(address="127.0.0.2", port=receiver.port) as other:
        outside = Outside(frozenset({receiver.named("rebound.test")}), None, lambda *_: next(answers))
        assert ask(outside, receiver.url("rebound.test"))[0] == 200
        assert (receiver.connections, other.connections) == (1, 0)
        assert next(answers) == ["127.0.0.2"]


@pytest.mark.parametrize("url", ["http://example.test/", "https://example.test:8443/", "http://example.test:443/"])
def test_what_nobody_named_is_spoken_to_by_tls_at_port_443_alone(url: str) -> None:
    with pytest.raises(OutsideError, match="TLS at port 443"):
        ask(Outside(resolve=lambda *_: ["1.1.1.1"]), url)


@pytest.mark.parametrize("url", ["ftp://example.test/", "file:///etc/passwd", "https:///x", "unix:/run/x.sock", ""])
def test_other_kinds_of_address_are_not_spoken_to(url: str) -> None:
    with pytest.raises(OutsideError):
        ask(Outside(resolve=lambda *_: ["1.1.1.1"]), url)


def test_a_port_that_was_not_named_stays_closed() -> None:
    with Receiver() as receiver:
        with pytest.raises(OutsideError):
            ask(Outside(frozenset({"receiver.test:1"}), None, lambda *_: [HERE]), receiver.url("receiver.test"))
        assert receiver.connections == 0


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with Receiver() as proxy, Receiver() as receiver:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url(HERE, ""))
        assert ask(opened(receiver, "receiver.test"), receiver.url("receiver.test"))[0] == 200
        assert proxy.connections == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirection_is_an_answer_like_any_other(status: int) -> None:
    with Receiver() as target, Receiver(status=status) as receiver:
        receiver.headers["location"] = target.url("receiver.test")
        assert ask(opened(receiver, "receiver.test"), receiver.url("receiver.test"))[0] == status
        assert target.connections == 0


def test_a_redirection_that_is_asked_for_is_checked_like_any_address_and_shown_no_secret() -> None:
    with Receiver() as target, Receiver(status=302) as receiver:
        receiver.headers["location"] = target.url("receiver.test")
        outside = opened(receiver, "receiver.test")
        with pytest.raises(OutsideError):
            ask(outside, receiver.url("receiver.test"), follow=True)
        both = frozenset({receiver.named("receiver.test"), target.named("receiver.test")})
        assert ask(Outside(both, None, outside.resolve), receiver.url("receiver.test"), follow=True)[0] == 200
        assert "authorization" not in target.heard[0][1]
        assert target.heard[0][1]["x-secret"] == "s"


def test_an_answer_is_read_up_to_a_limit_and_never_unpacked() -> None:
    with Receiver(body=b"x" * 5_000_000, headers={"content-encoding": "gzip"}) as receiver:
        answer = opened(receiver, "receiver.test").ask("GET", receiver.url("receiver.test"), {}, seconds=5, most=1000)
        assert (answer.body, answer.whole) == (b"x" * 1000, False)


@pytest.mark.parametrize("manner", [{"wait_seconds": 3}, {"drip_seconds": 0.2, "body": b"x" * 100}])
def test_who_is_slow_gets_no_more_time_than_who_is_silent(manner: dict[str, float]) -> None:
    with Receiver(**manner) as receiver:  # type: ignore[arg-type]
        begun = time.monotonic()
        with pytest.raises(OutsideError, match="in time"):
            ask(opened(receiver, "receiver.test"), receiver.url("receiver.test"), seconds=0.7)
        assert time.monotonic() - begun < 1.5


def test_a_name_that_is_looked_up_for_too_long_costs_no_more_time() -> None:
    def slow(*_: object) -> list[str]:
        time.sleep(3)
        return ["1.1.1.1"]

    begun = time.monotonic()
    with pytest.raises(OutsideError):
        ask(Outside(resolve=slow), "https://example.test/", seconds=0.5)
    assert time.monotonic() - begun < 1.5


def test_nobody_listens() -> None:
    with Receiver() as receiver:
        pass
    with pytest.raises(OutsideError, match="connection failed"):
        ask(opened(receiver, "receiver.test"), receiver.url("receiver.test"))


def test_a_second_address_is_tried_when_the_first_does_not_answer() -> None:
    with Receiver() as receiver:
        outside = opened(receiver, "receiver.test", addresses=("127.0.0.3", HERE))
        assert ask(outside, receiver.url("receiver.test"))[0] == 200


PUBLIC = "93.184.216.34"
PUBLICLY = f"""
import fcntl, socket, struct, sys
from pathlib import Path
from tests.workers.receivers import Authority, Receiver
from workers.outside import Outside, OutsideError

SIOCSIFADDR, SIOCSIFFLAGS = 0x8916, 0x8914
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
    for name, address in (("lo", "127.0.0.1"), ("lo:1", "{PUBLIC}")):
        wanted = struct.pack("16sH2s4s8x", name.encode(), socket.AF_INET, b"", socket.inet_aton(address))
        fcntl.ioctl(link, SIOCSIFADDR, wanted)
        fcntl.ioctl(link, SIOCSIFFLAGS, struct.pack("16sH14x", name.encode(), 1))
authority = Authority(Path(sys.argv[1]))
with Receiver(authority.context("public.test"), "{PUBLIC}", 443) as receiver:
    for name in ("public.test", "other.test"):
        outside = Outside(ca=authority.file, resolve=lambda *_: ["{PUBLIC}"])
        try:
            print(outside.ask("POST", f"https://{{name}}/x", {{}}, b"x", seconds=5, most=10).status)
        except OutsideError as error:
            print(error)
"""


def test_a_public_address_is_spoken_to_at_port_443_and_proves_its_name(tmp_path: Path) -> None:
    """In a network of its own, where a public address is this machine's."""
    command = ["unshare", "--user", "--map-root-user", "--net", sys.executable, "-c", PUBLICLY, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    taken, refused = done.stdout.splitlines() or [done.stderr, ""]
    assert taken == "200"
    assert "certificate" in refused


def test_a_secret_that_no_header_may_hold_is_not_repeated() -> None:
    with Receiver() as receiver:
        outside = Outside(frozenset({receiver.named("127.0.0.1")}))
        for secret in ("one\ntwo", "one\0two"):
            with pytest.raises(OutsideError, match="signs that no header may hold") as caught:
                outside.ask("GET", receiver.url("127.0.0.1"), {"authorization": secret}, seconds=5, most=100)
            assert "one" not in str(caught.value)
    assert not receiver.heard
