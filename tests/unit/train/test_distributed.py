"""Several processes train what one would: real ones, started by torchrun on this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from hubel.core.card import ImageSpec
from hubel.core.launch import this_launch
from hubel.data.cache import Cache
from hubel.train.features import Extractor, extract_features, new_extraction
from hubel.train.pixels import NUM_MEANS, mean_colours
from hubel.train.shares import share_of
from hubel.train.team import ALONE, Team
from small_networks import one_thread
from small_runs import write_pictures
from support import ROOT
from team_training import CASES, alone, found_rate

one = pytest.fixture(autouse=True, scope="module")(one_thread)
PROGRAM = ROOT / "tests" / "team_training.py"


def torchrun(*words: str | Path, size: int = 2, options: tuple[str, ...] = (), **variables: str) -> str:
    """What `torchrun --standalone` says of a program that ends well."""
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(size), *options]
    paths = os.pathsep.join([str(ROOT / "tests"), *filter(None, [os.environ.get("PYTHONPATH")])])
    ended = subprocess.run(
        [sys.executable, *launch, *map(str, words)], env=os.environ | {"PYTHONPATH": paths} | variables, timeout=120,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr[-5000:]
    return ended.stderr


@pytest.fixture(scope="module")
def by_two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where two processes left what they trained of every case."""
    folder = tmp_path_factory.mktemp("team")
    torchrun(PROGRAM, "all_cases", folder)
    return folder


def kept(folder: Path, name: str, rank: int) -> Any:
    """What one process left."""
    return torch.load(folder / f"{name}-{rank}.pt", weights_only=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_two_processes_train_what_one_does(name: str, by_two: Path) -> None:
    state, losses = alone(CASES[name])
    weights, their_losses = kept(by_two, name, 0)
    assert np.allclose(losses, their_losses, rtol=1e-4, atol=1e-6)
    for tensor, value in state.network.state_dict().items():
        assert torch.allclose(value, weights[tensor], rtol=1e-3, atol=1e-5), tensor


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_both_processes_have_the_same_weights_bit_for_bit(name: str, by_two: Path) -> None:
    first, second = (kept(by_two, name, rank)[0] for rank in (0, 1))
    assert all(torch.equal(first[tensor], second[tensor]) for tensor in first)


@pytest.mark.slow
def test_two_processes_find_the_rate_that_one_finds(by_two: Path) -> None:
    assert kept(by_two, "rate", 0) == kept(by_two, "rate", 1) == found_rate(ALONE)


@pytest.mark.slow
@pytest.mark.parametrize("victim", ["0", "1"])
def test_a_process_that_is_killed_comes_back_and_the_weights_are_those_of_an_undisturbed_training(
    victim: str, tmp_path: Path
) -> None:
    for name, who in (("whole", ""), ("killed", victim)):
        (tmp_path / name).mkdir()
        torchrun(PROGRAM, "killed", tmp_path / name, options=("--max-restarts", "1"), VICTIM=who)
    assert int((tmp_path / "killed" / "begun-1-0").read_text()) >= 6
    assert not (tmp_path / "whole" / "begun-1-0").exists()
    whole, killed = (torch.load(tmp_path / name / "final-1.pt", weights_only=True) for name in ("whole", "killed"))
    assert all(torch.equal(whole[tensor], killed[tensor]) for tensor in whole)


@pytest.mark.slow
def test_messages_arrive_as_they_were_sent(tmp_path: Path) -> None:
    torchrun(PROGRAM, "talk", tmp_path)
    assert (tmp_path / "talked").read_text() == "yes"


@pytest.mark.slow
def test_an_error_of_one_process_ends_the_leader_with_its_exit_code(tmp_path: Path) -> None:
    torchrun(PROGRAM, "fault", tmp_path)
    assert (tmp_path / "fault-1").read_text() == "OwnError 4 In process 1 of this training: this one only"
    assert (tmp_path / "fault-0").read_text().startswith("PartnerError 4 Another process of this training ended")


@pytest.mark.slow
def test_files_are_read_by_all_and_what_one_does_not_see_by_the_leader(tmp_path: Path) -> None:
    write_pictures(tmp_path / "photos", {"stripes": 90, "discs": 80})
    (tmp_path / "photos" / "discs" / "broken.png").write_bytes(b"no picture")
    torchrun(PROGRAM, "read", tmp_path)
    together = np.load(tmp_path / "read.npz")
    paths = [str(path) for path in sorted((tmp_path / "photos").rglob("*.*"))]
    with Cache(tmp_path / "rows-alone") as cache:
        extractor = Extractor(mean_colours(), ImageSpec(size=16, resize="squash"), cache, "means", NUM_MEANS)
        extraction = new_extraction(len(paths))
        list(extract_features(extractor, paths, "plain", np.arange(len(paths)), extraction=extraction))
    refused = [entry.index for entry in extraction.refused]
    assert together["refused"].tolist() == refused == [paths.index(str(tmp_path / "photos" / "discs" / "broken.png"))]
    assert np.array_equal(together["features"], extraction.features["plain"])
    assert np.array_equal(together["traces"], extraction.traces)
    assert [content for content in together["contents"].tolist() if content] == [
        content for index, content in enumerate(extraction.contents) if index not in refused
    ]


@pytest.mark.parametrize("num_images", [1, 2, 7, 16, 33])
@pytest.mark.parametrize("num_pieces", [1, 3, 8])
@pytest.mark.parametrize("size", [1, 2, 5])
def test_shares_are_the_batch_and_pieces_are_the_same_images_in_any_team(
    num_images: int, num_pieces: int, size: int
) -> None:
    whole = share_of(num_images, num_pieces, ALONE)
    shares = [share_of(num_images, num_pieces, Team(rank, size)) for rank in range(size)]
    assert sorted(place for share in shares for place in share.places) == list(range(num_images))
    assert {len(share.sizes) for share in shares} == {len(whole.sizes)}
    assert [sum(sizes) for sizes in zip(*(share.sizes for share in shares), strict=True)] == list(whole.sizes)
    assert min(whole.sizes) >= min(2, num_images)


def test_a_process_by_itself_is_no_launch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "1")  # other programs set this one, too
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.delenv("TORCHELASTIC_RUN_ID", raising=False)
    assert this_launch() is None
