"""Files from a server on this machine that cuts, lies, dawdles and sends elsewhere."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from hubel.core.events import Progress
from hubel.data.download import download
from hubel.data.network import DownloadError, Problem
from hubel.data.transfer import Patience, Remote
from local_server import Site, serving

CONTENT = bytes(range(256)) * 4000
SHA256 = "sha256:" + hashlib.sha256(CONTENT).hexdigest()
IMPATIENT = Patience(connect_seconds=2, read_seconds=0.3, attempts=2, wait_seconds=0)


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(Site(files={"/set.zip": CONTENT})) as started:
        yield started


def remote(site: Site, *paths: str, checksums: tuple[str, ...] = (SHA256,)) -> Remote:
    return Remote("set.zip", tuple(site.url + path for path in paths), checksums)


def fetch(steps: Generator[Progress, None, Path]) -> tuple[Path, list[Progress]]:
    events = []
    while True:
        try:
            events.append(next(steps))
        except StopIteration as end:
            return end.value, events


def problem_of(steps: Generator[Progress, None, Path]) -> Problem:
    with pytest.raises(DownloadError) as caught:
        fetch(steps)
    assert caught.value.exit_code == 1
    return caught.value.problem


def test_a_file_arrives_whole_and_says_how_far_it_is(site: Site, tmp_path: Path) -> None:
    path, events = fetch(download(remote(site, "/set.zip"), tmp_path, patience=IMPATIENT))
    assert path.read_bytes() == CONTENT
    assert (events[-1].done, events[-1].total) == (len(CONTENT), len(CONTENT))
    assert [one.name for one in tmp_path.iterdir()] == ["set.zip"]


def test_a_file_that_is_there_is_not_fetched_again(site: Site, tmp_path: Path) -> None:
    for _ in range(2):
        fetch(download(remote(site, "/set.zip"), tmp_path, patience=IMPATIENT))
    assert len(site.requests) == 1


def test_a_cut_connection_is_resumed_where_it_broke(site: Site, tmp_path: Path) -> None:
    site.cuts["/set.zip"], site.cut_after["/set.zip"] = 2, 300_000
    path, _ = fetch(download(remote(site, "/set.zip", checksums=()), tmp_path, patience=IMPATIENT))
    assert path.read_bytes() == CONTENT
    assert [wanted for _, wanted in site.requests] == [None, "bytes=300000-", "bytes=600000-"]


def test_a_server_without_ranges_begins_anew(site: Site, tmp_path: Path) -> None:
    site.no_ranges.add("/set.zip")
    site.cuts["/set.zip"], site.cut_after["/set.zip"] = 1, 300_000
    path, _ = fetch(download(remote(site, "/set.zip"), tmp_path, patience=IMPATIENT))
    assert path.read_bytes() == CONTENT


def test_a_file_that_changed_on_the_server_is_not_sewn_to_its_old_part(site: Site, tmp_path: Path) -> None:
    site.cuts["/set.zip"], site.cut_after["/set.zip"] = 2, 300_000
    assert (
        problem_of(download(remote(site, "/set.zip", checksums=()), tmp_path, patience=Patience(attempts=1)))
        == Problem.CUT
    )
    site.files["/set.zip"], site.tags["/set.zip"] = CONTENT[::-1], '"v2"'
    site.cuts.clear()
    path, _ = fetch(download(remote(site, "/set.zip", checksums=()), tmp_path, patience=IMPATIENT))
    assert path.read_bytes() == CONTENT[::-1]


def test_a_stopped_download_leaves_a_part_that_the_next_one_goes_on_with(site: Site, tmp_path: Path) -> None:
    steps = download(remote(site, "/set.zip"), tmp_path, patience=IMPATIENT)
    next(steps)
    steps.close()  # as Ctrl-C does
    part = tmp_path / "set.zip.part"
    assert 0 < part.stat().st_size < len(CONTENT)
    begun = part.stat().st_size
    path, _ = fetch(download(remote(site, "/set.zip"), tmp_path, patience=IMPATIENT))
    assert path.read_bytes() == CONTENT
    assert site.requests[-1] == ("/set.zip", f"bytes={begun}-")


def test_a_server_that_always_cuts_at_the_same_place_is_given_up(site: Site, tmp_path: Path) -> None:
    site.no_ranges.add("/set.zip")
    site.cuts["/set.zip"], site.cut_after["/set.zip"] = 99, 300_000
    assert problem_of(download(remote(site, "/set.zip"), tmp_path, patience=IMPATIENT)) == Problem.CUT
    assert not (tmp_path / "set.zip").exists()


def test_a_wrong_checksum_is_refused_and_nothing_kept(site: Site, tmp_path: Path) -> None:
    wrong = ("sha256:" + "0" * 64,)
    assert (
        problem_of(download(remote(site, "/set.zip", checksums=wrong), tmp_path / "files", patience=IMPATIENT))
        == Problem.CHECKSUM
    )
    assert list(tmp_path.iterdir()) == []


def test_any_one_of_the_checksums_will_do(site: Site, tmp_path: Path) -> None:
    either = ("sha256:" + "0" * 64, "md5:" + hashlib.md5(CONTENT).hexdigest())
    path, _ = fetch(download(remote(site, "/set.zip", checksums=either), tmp_path, patience=IMPATIENT))
    assert path.is_file()


def test_a_part_of_another_file_does_not_spoil_the_whole(site: Site, tmp_path: Path) -> None:
    (tmp_path / "set.zip.part").write_bytes(b"x" * 1000)
    path, _ = fetch(download(remote(site, "/set.zip"), tmp_path, patience=IMPATIENT))
    assert path.read_bytes() == CONTENT


def test_a_part_longer_than_the_file_does_not_spoil_the_whole(site: Site, tmp_path: Path) -> None:
    (tmp_path / "set.zip.part").write_bytes(b"x" * (len(CONTENT) + 1))
    path, _ = fetch(download(remote(site, "/set.zip"), tmp_path, patience=IMPATIENT))
    assert path.read_bytes() == CONTENT


def test_mirrors_are_asked_in_their_order(site: Site, tmp_path: Path) -> None:
    site.files["/changed.zip"] = CONTENT[::-1]
    path, _ = fetch(download(remote(site, "/gone.zip", "/changed.zip", "/set.zip"), tmp_path, patience=IMPATIENT))
    assert path.read_bytes() == CONTENT
    assert [asked for asked, _ in site.requests] == ["/gone.zip", "/changed.zip", "/set.zip"]


def test_when_no_mirror_gives_it_each_is_named_with_its_reason(site: Site, tmp_path: Path) -> None:
    site.status["/broken.zip"] = [500, 500]
    with pytest.raises(
        DownloadError, match=r"/gone\.zip: there is no such file .404.; .*/broken\.zip: the server is busy"
    ):
        fetch(download(remote(site, "/gone.zip", "/broken.zip"), tmp_path, patience=IMPATIENT))


def test_a_silent_server_is_a_timeout(site: Site, tmp_path: Path) -> None:
    site.silent.add("/set.zip")
    assert problem_of(download(remote(site, "/set.zip"), tmp_path, patience=IMPATIENT)) == Problem.TIMEOUT


@pytest.mark.parametrize(
    ("status", "problem"), [(404, Problem.NOT_FOUND), (410, Problem.NOT_FOUND), (403, Problem.REFUSED)]
)
def test_a_plain_no_is_not_asked_again(status: int, problem: Problem, site: Site, tmp_path: Path) -> None:
    site.status["/set.zip"] = [status] * 5
    assert problem_of(download(remote(site, "/set.zip"), tmp_path, patience=IMPATIENT)) == problem
    assert len(site.requests) == 1


def test_a_busy_server_is_asked_again(site: Site, tmp_path: Path) -> None:
    site.status["/set.zip"] = [503]
    path, _ = fetch(download(remote(site, "/set.zip"), tmp_path, patience=IMPATIENT))
    assert path.is_file()


def test_redirects_are_followed(site: Site, tmp_path: Path) -> None:
    site.location["/old.zip"] = "/set.zip"
    path, _ = fetch(download(remote(site, "/old.zip"), tmp_path, patience=IMPATIENT))
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("leads_to", ["/old.zip", "file:///etc/hostname", "ftp://127.0.0.1/set.zip"])
def test_redirects_in_circles_or_to_other_schemes_are_refused(leads_to: str, site: Site, tmp_path: Path) -> None:
    site.location["/old.zip"] = leads_to
    assert (
        problem_of(download(remote(site, "/old.zip", checksums=()), tmp_path, patience=IMPATIENT)) == Problem.REDIRECT
    )


def test_nobody_at_the_address_is_unreachable(site: Site, tmp_path: Path) -> None:
    nobody = Remote("set.zip", ("http://127.0.0.1:9/set.zip",))
    assert problem_of(download(nobody, tmp_path, patience=IMPATIENT)) == Problem.UNREACHABLE


def test_a_file_beyond_the_limit_is_refused_before_it_comes(site: Site, tmp_path: Path) -> None:
    small = Patience(attempts=1, max_bytes=1000)
    assert problem_of(download(remote(site, "/set.zip"), tmp_path, patience=small)) == Problem.TOO_LARGE


def test_a_file_of_unknown_length_may_not_grow_beyond_the_limit(site: Site, tmp_path: Path) -> None:
    site.no_length.add("/set.zip")
    small = Patience(attempts=1, max_bytes=1000)
    assert problem_of(download(remote(site, "/set.zip"), tmp_path, patience=small)) == Problem.TOO_LARGE


def test_offline_asks_nobody(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUBEL_OFFLINE", "1")
    assert problem_of(download(remote(site, "/set.zip"), tmp_path, patience=IMPATIENT)) == Problem.OFFLINE
    assert site.requests == []


def test_messages_tell_no_secrets(site: Site, tmp_path: Path) -> None:
    secret = site.url.replace("http://", "http://me:secret@") + "/gone.zip?token=hidden"
    with pytest.raises(DownloadError) as caught:
        fetch(download(Remote("gone.zip", (secret,)), tmp_path, patience=IMPATIENT))
    assert "secret" not in str(caught.value)
    assert "hidden" not in str(caught.value)
