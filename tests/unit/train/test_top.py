"""Fine-tuning from rows that were made once is the same as running the frozen layers again in every step."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from torch import Tensor, nn

from hubel.core.events import Event
from hubel.core.seeds import generator
from hubel.data.augmentation import PHOTOS, Augmentation
from hubel.models.cut import Cut, find_cut, halve, steps_of
from hubel.models.torch_module import PooledFeatures, wrap_network
from hubel.train.changed_views import changed_views, show_changed
from hubel.train.fine import FineTuning, fair_loss
from hubel.train.head import Head
from hubel.train.loop import fit
from hubel.train.network import Limits
from hubel.train.optimisers import make_optimisers
from hubel.train.recipes import FINE, Recipe
from hubel.train.sets import RowSet, TrainingSet
from hubel.train.state import begin
from hubel.train.top import Top, Tuned, draw_anew, train_top

SIZE, NUM_CLASSES = 32, 3
NO_LIMITS = Limits(left=lambda _: float("inf"), must_end=lambda _: False, over=lambda: False)


@pytest.fixture
def base() -> PooledFeatures:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return wrap_network(timm.create_model("test_resnet", num_classes=0))


@pytest.fixture
def pictures() -> TrainingSet:
    noise = np.random.default_rng(0)
    labels = noise.integers(0, NUM_CLASSES, 24)
    images = noise.integers(0, 160, (24, SIZE, SIZE, 3), dtype=np.uint8)
    images[np.arange(24), :, :, labels] += 60
    return TrainingSet(torch.from_numpy(images), torch.from_numpy(labels), NUM_CLASSES)


def short(**changes: object) -> Recipe:
    plain = {
        "epochs": 3,
        "batch_size": 8,
        "least_steps": 0,
        "patience": None,
        "precision": "f32",
        "augmentation": Augmentation(),
    }
    return Recipe.model_validate(FINE.model_dump() | plain | changes)


def head_of(base: PooledFeatures) -> Head:
    width = base(torch.zeros(1, SIZE, SIZE, 3, dtype=torch.uint8)).shape[1]
    weights = np.random.default_rng(1).normal(size=(width, NUM_CLASSES)).astype(np.float32) / 10
    return Head(weights, np.zeros(NUM_CLASSES, np.float32), 0.0)


def returned(steps: Generator[Event, None, Tuned]) -> Tuned:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            tuned: Tuned = end.value
            return tuned


class Whole(nn.Module):
    """The plain way: images through the frozen half and the top, in every step anew."""

    def __init__(self, lower: nn.Module, top: Top) -> None:
        super().__init__()
        self.lower, self.top = lower, top
        self.rate_shares = {f"top.{name}": share for name, share in top.rate_shares.items()}
        for weight in lower.parameters():
            weight.requires_grad_(False)

    def forward(self, images: Tensor) -> Tensor:
        scores: Tensor = self.top(self.lower((255 * images).round().to(torch.uint8).permute(0, 2, 3, 1)))
        return scores

    def train(self, mode: bool = True) -> Whole:
        super().train(mode)
        self.lower.eval()
        return self


@pytest.mark.parametrize("unfreeze", ["stage:1", "last:2"])
def test_rows_made_once_teach_the_same_as_images_run_through_the_frozen_layers(
    base: PooledFeatures, pictures: TrainingSet, unfreeze: str
) -> None:
    cut = find_cut(unfreeze, steps_of(base, SIZE))
    lower, upper = halve(base, cut, SIZE)
    top = Top(upper, cut, head_of(base), FineTuning())
    before = {name: tensor.clone() for name, tensor in top.state_dict().items()}
    with torch.no_grad():
        rows = RowSet([lower(pictures.images)], pictures.labels, NUM_CLASSES)
    list(fit(begin(top, short(), 24, generator(0, "fit")), rows))

    lower_again, upper_again = halve(base, cut, SIZE)
    whole = Whole(lower_again, Top(upper_again, cut, head_of(base), FineTuning()))
    list(fit(begin(whole, short(), 24, generator(0, "fit")), pictures))

    moved = 0
    for name, tensor in top.state_dict().items():
        torch.testing.assert_close(tensor, whole.top.state_dict()[name], rtol=1e-4, atol=1e-6)
        moved += not torch.equal(tensor, before[name])
    assert moved


def test_norms_keep_the_statistics_of_the_base_unless_the_layers_are_drawn_anew(base: PooledFeatures) -> None:
    cut = find_cut("stage:1", steps_of(base, SIZE))
    _, upper = halve(base, cut, SIZE)
    norms = [module for module in upper.modules() if isinstance(module, nn.BatchNorm2d)]
    Top(upper, cut, head_of(base), FineTuning()).train()
    assert not any(norm.training for norm in norms)
    Top(upper, cut, head_of(base), FineTuning(reuse="early")).train()
    assert all(norm.training for norm in norms)


def test_layers_drawn_anew_depend_on_the_generator_alone(base: PooledFeatures) -> None:
    cut = find_cut("stage:1", steps_of(base, SIZE))
    (_, first), (_, second) = halve(base, cut, SIZE), halve(base, cut, SIZE)
    before = torch.get_rng_state()
    choices = FineTuning(reuse="early")
    draw_anew(Top(first, cut, head_of(base), choices), generator(3, "weights"))
    draw_anew(Top(second, cut, head_of(base), choices), generator(3, "weights"))
    assert torch.equal(before, torch.get_rng_state())
    for name, tensor in first.state_dict().items():
        torch.testing.assert_close(tensor, second.state_dict()[name])
    assert any(not torch.equal(tensor, base.state_dict()[name]) for name, tensor in first.base.state_dict().items())


def test_lower_steps_learn_at_smaller_rates(base: PooledFeatures) -> None:
    cut = find_cut("stage:2", steps_of(base, SIZE))
    _, upper = halve(base, cut, SIZE)
    top = Top(upper, cut, head_of(base), FineTuning(rate_decay=0.5))
    (optimiser,) = make_optimisers(top, short(learning_rate=0.01))
    rate_of = {id(weight): group["lr"] for group in optimiser.param_groups for weight in group["params"]}
    named = dict(top.named_parameters())
    rates = [
        rate_of[id(named[next(name for name in named if f".{step}." in name)])]
        for step in upper.names
        if any(f".{step}." in name for name in named)
    ]
    assert rates == sorted(rates)
    assert rates[-1] > rates[0]
    assert rate_of[id(top.head.weight)] == pytest.approx(0.001)


def test_all_of_a_base_learns_from_pictures(base: PooledFeatures, pictures: TrainingSet, tmp_path: Path) -> None:
    _, upper = halve(base, Cut(0), SIZE)
    top = Top(upper, Cut(0), head_of(base), FineTuning(unfreeze="all"), base=base)
    planes = pictures.images.permute(0, 3, 1, 2).float() / 255
    with torch.no_grad():
        expected = torch.from_numpy(head_of(base).logits(base(pictures.images).numpy()))
        torch.testing.assert_close(top.eval()(planes), expected, rtol=1e-3, atol=1e-4)
    steps = train_top(
        top, short(learning_rate=3e-3, epochs=6), (pictures, pictures), FineTuning(unfreeze="all"),
        seed=0, about=["test"], folder=tmp_path, limits=NO_LIMITS,
    )  # fmt: skip
    tuned = returned(steps)
    losses = [epoch.validation_loss for epoch in tuned.training.epochs]
    assert min(losses) < losses[0]


def test_a_view_depends_on_the_image_and_its_name_and_on_nothing_else() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (4, 20, 20, 3), dtype=np.uint8)
    plain, first, second = changed_views(PHOTOS, 3, seed=5)
    show = show_changed(PHOTOS, 5)
    assert np.array_equal(show(pixels, plain), pixels)
    assert np.array_equal(show(pixels, first)[2], show(pixels[2:3], first)[0])
    assert not np.array_equal(show(pixels, first), show(pixels, second))
    assert changed_views(PHOTOS, 3, seed=6)[1] != first
    assert changed_views(Augmentation(), 4, seed=5) == ("plain",)


def test_a_fair_loss_does_not_mind_how_sure_a_network_is() -> None:
    scores = np.random.default_rng(0).normal(size=(200, 4)).astype(np.float32)
    labels = (scores + np.random.default_rng(1).normal(size=scores.shape)).argmax(1)
    assert fair_loss(scores * 3, labels) == pytest.approx(fair_loss(scores, labels), rel=1e-2)
