"""torch as an engine, for graphics cards and for comparing; never chosen unasked."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from hubel.core.errors import MissingExtraError, UsageError
from hubel.core.language import say
from hubel.core.parallel import usable_cores
from hubel.core.types import PixelBatch
from hubel.runtime.engines import Engine

if TYPE_CHECKING:
    import torch
    from torch import nn

DEVICES = ("auto", "cpu", "cuda", "mps")
PRECISIONS = ("auto", "bf16", "f32")
BF16_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}
"""What Linux calls the bf16 arithmetic of a processor (x86, x86, ARM)."""


def open_torch_engine(module: nn.Module, *, device: str = "auto", precision: str = "auto") -> Engine:
    """A torch module made ready; neither it nor torch's settings are changed.

    On a CPU torch spreads one call over the cores by itself, so there is one worker; a graphics card has as many as
    there are cores to decode on.

    Parameters
    ----------
    module
        Maps pixels uint8 (n h w 3) to features float (n d).
    device
        One of `DEVICES`; ``auto`` takes a graphics card if there is one.
    precision
        One of `PRECISIONS`; ``auto`` takes bf16 where the device computes in it.

    Raises
    ------
    UsageError
        When there is no such device or precision here.
    MissingExtraError
        When torch is not installed.
    """
    try:
        import torch
    except ImportError as error:
        raise MissingExtraError("torch", "torch") from error
    place = torch.device(choose_device(device))
    chosen = choose_precision(precision, place)
    # the copy is laid out with the channels last, which the pixels are already
    ready = copy.deepcopy(module).eval().to(place, torch.bfloat16 if chosen == "bf16" else torch.float32)
    ready = ready.to(memory_format=torch.channels_last)

    def run(pixels: PixelBatch) -> dict[str, np.ndarray]:
        with torch.inference_mode():
            batch = torch.from_numpy(np.require(pixels, requirements=["C", "W"])).to(place)
            return {"features": ready(batch).float().cpu().numpy()}

    return Engine(f"torch-{chosen}", 1 if place.type == "cpu" else usable_cores(), run)


def choose_device(device: str) -> str:
    """The device to run on, checked to be there."""
    import torch

    there = ["cpu"]
    if torch.backends.mps.is_available():
        there.insert(0, "mps")
    if torch.cuda.is_available():
        there.insert(0, "cuda")
    if device not in ("auto", *there):
        raise UsageError(
            say(
                en=f"There is no device {device!r} here. Choose one of: {', '.join(['auto', *there])}",
                ko=f"이 컴퓨터에는 {device!r} 장치가 없습니다. 다음 중에서 고르세요: {', '.join(['auto', *there])}",
            )
        )
    return there[0] if device == "auto" else device


def choose_precision(precision: str, place: torch.device) -> Literal["bf16", "f32"]:
    """The arithmetic to use: bf16 only where it is asked for or helps."""
    if precision not in PRECISIONS:
        raise UsageError(
            say(
                en=f"There is no precision {precision!r}. Choose one of: {', '.join(PRECISIONS)}",
                ko=f"{precision!r} 이라는 정밀도는 없습니다. 다음 중에서 고르세요: {', '.join(PRECISIONS)}",
            )
        )
    if precision == "auto":
        return "bf16" if computes_in_bf16(place) else "f32"
    return "bf16" if precision == "bf16" else "f32"


def computes_in_bf16(place: torch.device) -> bool:
    """Whether the device has bf16 arithmetic, so that it is faster and not only smaller."""
    import torch

    if place.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    information = Path("/proc/cpuinfo")
    if place.type != "cpu" or not information.is_file():
        return False
    return not BF16_FLAGS.isdisjoint(information.read_text(encoding="utf-8", errors="replace").split())
