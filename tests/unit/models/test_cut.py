"""A base cut in two: the halves are the whole, wherever it is cut, and what must not learn does not."""

from __future__ import annotations

from typing import ClassVar

import pytest
import timm
import torch

from hubel.core.errors import ModelError, UsageError
from hubel.models.cut import ALL, NONE, Cut, Step, find_cut, halve, learned_into, let_learn, stage_starts, steps_of
from hubel.models.torch_module import PooledFeatures, wrap_network

SIZE = 64
PIXELS = torch.randint(0, 256, (3, SIZE, SIZE, 3), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)


def small_base(name: str = "test_resnet") -> PooledFeatures:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return wrap_network(timm.create_model(name, num_classes=0))


@pytest.mark.parametrize("name", ["test_resnet", "test_efficientnet", "test_convnext", "test_byobnet"])
@pytest.mark.parametrize("unfreeze", ["stage:1", "stage:2", "last:1", "last:4", ALL])
def test_lower_and_upper_half_are_the_whole(name: str, unfreeze: str) -> None:
    base = small_base(name)
    lower, upper = halve(base, find_cut(unfreeze, steps_of(base, SIZE)), SIZE)
    with torch.no_grad():
        torch.testing.assert_close(upper(lower(PIXELS)), base(PIXELS), rtol=1e-4, atol=1e-5)


def test_a_network_of_tokens_learns_as_a_whole() -> None:
    base = small_base("test_vit")
    lower, upper = halve(base, find_cut(ALL, steps_of(base, 160)), 160)
    pixels = torch.randint(0, 256, (2, 160, 160, 3), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)
    with torch.no_grad():
        torch.testing.assert_close(upper(lower(pixels)), base(pixels), rtol=1e-4, atol=1e-5)


def test_a_cut_through_a_skip_is_refused() -> None:
    class Skipping(torch.nn.Module):
        pretrained_cfg: ClassVar = {"mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5)}

        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = torch.nn.Conv2d(3, 3, 3, padding=1), torch.nn.Conv2d(3, 3, 3, padding=1)

        def forward_features(self, images: torch.Tensor) -> torch.Tensor:
            maps: torch.Tensor = self.second(self.first(images)) + images
            return maps

        def forward_head(self, maps: torch.Tensor, *, pre_logits: bool) -> torch.Tensor:
            assert pre_logits
            return maps.mean((2, 3))

    base = wrap_network(Skipping())
    with pytest.raises(ModelError, match="'second'"):
        halve(base, Cut(1), SIZE)


@pytest.mark.parametrize("unfreeze", ["", "stage", "stage:0", "stage:x", "first:2", "last:-1"])
def test_other_words_are_refused(unfreeze: str) -> None:
    with pytest.raises(UsageError, match="--unfreeze does not take"):
        find_cut(unfreeze, steps_of(small_base(), SIZE))


def test_what_only_pools_or_has_one_pixel_left_belongs_to_the_stage_before() -> None:
    steps = (
        Step("conv", 8, ("conv",)),
        Step("pool", 4, ()),
        Step("conv2", 4, ("conv2",)),
        Step("pool2", 2, ()),
        Step("fc", 1, ("fc",)),
    )
    assert stage_starts(steps) == [0, 1]
    assert find_cut(NONE, steps).place == len(steps)


def test_only_the_last_convolutions_learn_and_go_back_into_a_copy_of_the_base() -> None:
    base = small_base()
    cut = find_cut("last:1", steps_of(base, SIZE))
    _, upper = halve(base, cut, SIZE)
    let_learn(upper, cut)
    learning = [name for name, weight in upper.base.network.named_parameters() if weight.requires_grad]
    assert learning[0] == f"{cut.first}.weight"
    assert len(learning) < len(list(upper.base.network.parameters()))
    with torch.no_grad():
        upper.base.network.get_submodule(cut.first).get_parameter("weight").add_(1.0)
    before = base(PIXELS)
    tuned = learned_into(base, upper)
    torch.testing.assert_close(base(PIXELS), before)
    changed = {name for name, tensor in tuned.state_dict().items() if not torch.equal(tensor, base.state_dict()[name])}
    assert changed == {f"network.{cut.first}.weight"}
