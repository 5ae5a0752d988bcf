"""torch as an engine leaves the module and torch's settings as they were."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hubel.core.errors import UsageError
from hubel.runtime.torch_engine import open_torch_engine


class Means(torch.nn.Module):
    """Each channel's mean times a weight."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor([1.0, 2.0, 3.0]))

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return pixels.to(self.weight.dtype).mean((1, 2)) * self.weight


@pytest.mark.parametrize(("precision", "tolerance"), [("f32", 1e-5), ("bf16", 2e-2)])
def test_a_module_gives_float32_features_by_name(precision: str, tolerance: float) -> None:
    engine = open_torch_engine(Means(), device="cpu", precision=precision)
    pixels = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3), dtype=np.uint8)
    results = engine.run(pixels)
    assert engine.name == f"torch-{precision}"
    assert results["features"].dtype == np.float32
    np.testing.assert_allclose(results["features"], pixels.mean((1, 2)) * [1, 2, 3], rtol=tolerance)


def test_the_module_and_torchs_settings_stay_as_they_were() -> None:
    module = Means().train()
    threads, grad = torch.get_num_threads(), torch.is_grad_enabled()
    open_torch_engine(module, device="cpu", precision="bf16").run(np.zeros((2, 8, 8, 3), np.uint8))
    assert module.training
    assert module.weight.dtype == torch.float32
    assert (torch.get_num_threads(), torch.is_grad_enabled()) == (threads, grad)


def test_pixels_that_may_not_be_written_are_read() -> None:
    pixels = np.ones((2, 8, 8, 3), np.uint8)
    pixels.flags.writeable = False
    found = open_torch_engine(Means(), precision="f32").run(pixels[:, ::-1])["features"]
    np.testing.assert_allclose(found, [[1, 2, 3], [1, 2, 3]])


def test_auto_takes_what_is_there() -> None:
    assert open_torch_engine(Means()).name in ("torch-bf16", "torch-f32")


def test_an_unknown_device_and_precision_are_refused_with_the_names_there_are() -> None:
    with pytest.raises(UsageError, match=r"no device 'tpu' here.*auto.*cpu"):
        open_torch_engine(Means(), device="tpu")
    with pytest.raises(UsageError, match=r"no precision 'int8'.*auto, bf16, f32"):
        open_torch_engine(Means(), precision="int8")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a graphics card here")
def test_a_graphics_card_that_is_not_there_is_refused() -> None:
    with pytest.raises(UsageError, match="no device 'cuda'"):
        open_torch_engine(Means(), device="cuda")
