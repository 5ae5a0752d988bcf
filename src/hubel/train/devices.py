"""Where a network of one's own is trained, and in which arithmetic."""

from __future__ import annotations

from typing import Literal

import torch

from hubel.core.errors import UsageError
from hubel.core.language import say
from hubel.runtime.torch_engine import choose_device, choose_precision
from hubel.train.recipes import Precision
from hubel.train.team import Team


def training_device(name: str, team: Team) -> torch.device:
    """The device of this process: with several graphics cards on a machine, each process has its own.

    Parameters
    ----------
    name
        One of `runtime.torch_engine.DEVICES`; ``auto`` takes a graphics card where there is one for every process.
    team
        Who trains together.

    Raises
    ------
    UsageError
        When the device is not there, or not for so many processes.
    """
    if name == "auto" and team.size > 1:
        name = "cuda" if torch.cuda.device_count() >= team.local_size else "cpu"
    chosen = choose_device(name)
    if chosen == "cuda":
        check_cards(torch.cuda.device_count(), team)
        return torch.device("cuda", team.local_rank)
    if chosen == "mps" and team.size > 1:
        raise UsageError(
            say(
                en=f"{team.size} processes cannot train on mps together: it has one device a machine and no way to exchange "
                "gradients. Use --device cpu, or one process.",
                ko=f"mps에서는 프로세스 {team.size}개가 함께 학습할 수 없습니다. 컴퓨터마다 장치가 하나뿐이고 기울기를 교환할 방법이 "
                "없습니다. --device cpu를 쓰거나 프로세스를 하나만 쓰세요.",
            )
        )
    return torch.device(chosen)


def check_cards(num_cards: int, team: Team) -> None:
    """Refuse more processes on this machine than there are graphics cards."""
    if num_cards < team.local_size:
        count = team.local_size
        raise UsageError(
            say(
                en=f"{count} processes want a graphics card each, and this machine has {num_cards}. Start torchrun with "
                f"--nproc-per-node {num_cards}, or use --device cpu.",
                ko=f"프로세스 {count}개에 그래픽 카드가 하나씩 필요하지만 이 컴퓨터에는 {num_cards}개가 있습니다. torchrun을 "
                f"--nproc-per-node {num_cards} 로 시작하거나 --device cpu를 쓰세요.",
            )
        )


def training_precision(precision: Precision, device: torch.device) -> Literal["bf16", "f32"]:
    """The arithmetic of the autocast regions; ``auto`` takes bf16 where the device computes in it.

    Metal does from macOS 14 on.
    """
    if precision == "auto" and device.type == "mps":
        return "bf16" if torch.backends.mps.is_macos_or_newer(14, 0) else "f32"
    return choose_precision(precision, device)


def layout_of(device: torch.device) -> torch.memory_format:
    """How images lie in memory: channels last where convolutions are faster so; Metal has its own order."""
    return torch.contiguous_format if device.type == "mps" else torch.channels_last
