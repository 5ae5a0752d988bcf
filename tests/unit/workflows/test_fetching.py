"""ImageNet weights come from where torchvision says, whole and checked, into torch's own cache."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision

from hubel.core.events import Progress
from hubel.data.network import DownloadError, Problem
from hubel.data.transfer import Patience, Remote
from hubel.models.registry import create_network, entries, find_entry
from hubel.models.weights import load_weights, torchvision_file
from hubel.workflows.fetching import fetch_imagenet
from local_server import Site, serving

NETWORK = find_entry("resnet18")
PATH = "/models/resnet18-f37072fd.pth"
IMPATIENT = Patience(connect_seconds=2, read_seconds=0.3, attempts=2, wait_seconds=0)


CONTENT = bytes(range(256)) * 4000
"""What stands for a file of weights wherever nobody looks into it."""


def weights_of_torchvision() -> bytes:
    """A file of weights as torchvision passes them on."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(4)
        tensors = torchvision.models.resnet18(weights=None).state_dict()
    written = io.BytesIO()
    torch.save(tensors, written)
    return written.getvalue()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A server in place of torchvision's, and a cache of torch's that is empty."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with serving(Site(files={PATH: CONTENT})) as started:
        yield started


def remote(site: Site, content: bytes) -> Remote:
    """torchvision's file on that server, with as much of the checksum as torchvision tells."""
    return Remote(Path(PATH).name, (site.url + PATH,), (f"sha256:{hashlib.sha256(content).hexdigest()[:8]}",))


def fetched(site: Site, content: bytes = CONTENT) -> list[Progress]:
    return list(fetch_imagenet(NETWORK, remote=remote(site, content), patience=IMPATIENT))


def problem_of(site: Site) -> Problem:
    with pytest.raises(DownloadError) as caught:
        fetched(site)
    assert "weights of resnet18" in str(caught.value)
    assert "--weights FILE" in str(caught.value)
    assert not (torchvision_file("resnet18")[1]).exists()
    return caught.value.problem


def test_what_was_fetched_is_what_the_network_gets(site: Site) -> None:
    site.files[PATH] = content = weights_of_torchvision()
    events = fetched(site, content)
    assert (events[-1].stage, events[-1].done, events[-1].total) == ("download", len(content), len(content))
    network = create_network(NETWORK.name, np.random.default_rng(0))
    assert load_weights(network, NETWORK, weights="imagenet").fresh == ()
    wanted = torch.load(io.BytesIO(content), weights_only=True)["layer4.1.conv2.weight"]
    assert torch.equal(network.get_parameter("features.stage4.1.conv2.weight"), wanted)


def test_a_second_run_fetches_nothing(site: Site) -> None:
    fetched(site)
    assert fetched(site) == []
    assert len(site.requests) == 1


def test_a_cut_connection_goes_on_where_it_broke(site: Site) -> None:
    site.cuts[PATH], site.cut_after[PATH] = 1, 300_000
    fetched(site)
    assert [wanted for _, wanted in site.requests] == [None, "bytes=300000-"]


def test_a_connection_that_always_breaks_is_said(site: Site) -> None:
    site.cuts[PATH], site.cut_after[PATH] = 100, 0
    assert problem_of(site) == Problem.CUT


def test_what_is_not_the_known_file_is_not_kept(site: Site) -> None:
    site.files[PATH] = b"<html>log in first</html>"
    assert problem_of(site) == Problem.CHECKSUM


def test_a_file_that_is_gone_is_said(site: Site) -> None:
    del site.files[PATH]
    assert problem_of(site) == Problem.NOT_FOUND


def test_a_server_that_cannot_be_reached_is_said(site: Site) -> None:
    site.url = "http://127.0.0.1:9"
    assert problem_of(site) == Problem.UNREACHABLE


def test_a_damaged_file_in_the_cache_is_fetched_anew(site: Site) -> None:
    kept = torchvision_file("resnet18")[1]
    kept.parent.mkdir(parents=True)
    kept.write_bytes(CONTENT[:1000])
    fetched(site)
    assert kept.read_bytes() == CONTENT


def test_weights_that_timm_passes_on_are_left_to_timm(site: Site) -> None:
    assert list(fetch_imagenet(find_entry("se_resnet50"))) == []


def test_every_file_of_torchvision_has_a_checksum_in_its_name() -> None:
    for entry in entries():
        library, _, name = entry.weights.partition(":")
        if library == "torchvision":
            end = torchvision_file(name)[1].stem.rpartition("-")[2]
            assert len(end) == 8
            assert int(end, 16) >= 0
