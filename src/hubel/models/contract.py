"""What every network of the registry keeps, checked on any of them: registering is being tested."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from hubel.models.network import Network
from hubel.models.registry import Entry, create_network, find_entry, outline_network
from hubel.models.summary import count_parameters, summarise

LARGEST_SIDE = 80
"""Images of more pixels would only take time: shapes at the paper's size are checked without computing."""
NUM_CLASSES = 7
CLOSE = 1e-4


@dataclass(frozen=True, slots=True)
class Subject:
    """What is examined: a line of the catalogue, a network of it with fresh weights for seven classes, and two images.

    `outline` is the paper's own network, without weights.
    """

    entry: Entry
    network: Network
    images: Tensor
    outline: Network


def check_model(name: str, generator: np.random.Generator) -> tuple[str, ...]:
    """Examine one network; returns the names of the checks, all passed.

    Parameters
    ----------
    name
        A name of the catalogue.
    generator
        Where weights and images come from.

    Raises
    ------
    AssertionError
        When a promise is not kept, saying which.
    """
    entry = find_entry(name)
    before = global_randomness()
    network = create_network(name, generator, num_classes=NUM_CLASSES)
    keep(before == global_randomness(), "making it spends the caller's randomness")
    channels, height, width = entry.input_shape
    shape = (2, channels, min(height, LARGEST_SIDE), min(width, LARGEST_SIDE))
    images = torch.from_numpy(generator.standard_normal(shape, dtype=np.float32))
    subject = Subject(entry, network, images, outline_network(entry.name))
    for check in CHECKS:
        check(subject)
    return tuple(check.__name__ for check in CHECKS)


def counts_are_those_of_the_catalogue(subject: Subject) -> None:
    """Weights, multiply-adds and the shape of the answer, for the paper's input."""
    entry, outline = subject.entry, subject.outline
    summary = summarise(outline, entry.input_shape)
    keep(summary.parameters == entry.parameters, f"it has {summary.parameters} weights, not {entry.parameters}")
    total = count_parameters(outline)
    keep(total == summary.parameters + summary.auxiliary_parameters, "some weights are in no line of its summary")
    keep(
        summary.multiply_adds == entry.multiply_adds,
        f"{summary.multiply_adds} multiply-adds, not {entry.multiply_adds}",
    )
    keep(summary.rows[-1].output == (entry.num_classes,), f"its answer has the shape {summary.rows[-1].output}")


def it_has_a_head_a_table_and_a_layer_for_activation_maps(subject: Subject) -> None:
    """What explaining and transfer rely on."""
    network = subject.network
    keep(bool(network.table.rows), "its table is empty")
    keep(count_parameters(network.head) > 0 or any(True for _ in network.head.buffers()), "its head holds nothing")
    if network.cam_layer is not None:
        seen: list[Tensor] = []
        layer = network.get_submodule(network.cam_layer)
        hook = layer.register_forward_hook(lambda *passed: seen.append(passed[2]))
        with evaluating(network):
            network(subject.images)
        hook.remove()
        keep(len(seen) == 1 and seen[0].ndim == 4, "its cam_layer gives no maps")


def features_then_head_is_the_whole(subject: Subject) -> None:
    """``forward`` is ``forward_head`` of ``forward_features``, and the head takes what ``pre_logits`` gives."""
    network = subject.network
    with evaluating(network):
        whole = network(subject.images)
        maps = network.forward_features(subject.images)
        keep(maps.ndim == 4, f"its features have the shape {tuple(maps.shape)}")
        keep(torch.equal(network.forward_head(maps), whole), "features and head are not the whole")
        vector = network.forward_head(maps, pre_logits=True)
        keep(vector.ndim == 2, f"in front of its head stands {tuple(vector.shape)}")
        if isinstance(network.head, nn.Linear):
            keep(torch.equal(network.head(vector), whole), "its head says something else than the whole")
    keep(whole.shape == (2, NUM_CLASSES) and bool(torch.isfinite(whole).all()), f"it answers {tuple(whole.shape)}")


def answers_repeat_and_images_do_not_mix(subject: Subject) -> None:
    """In eval mode the same images get the same answers, alone or together."""
    network = subject.network
    with evaluating(network):
        first, again = network(subject.images), network(subject.images)
        alone = network(subject.images[:1])
    keep(torch.equal(first, again), "the same images get other answers")
    span = float(first.abs().max()) + 1e-6
    keep(
        float((first[:1] - alone).abs().max()) <= CLOSE * span, "an image alone gets another answer than beside others"
    )


def every_weight_learns(subject: Subject) -> None:
    """A loss reaches every weight, through the auxiliary heads too; the largest gradients are finite and not all zero."""
    network = subject.network.train()
    for parameter in network.parameters():
        parameter.grad = None
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        scores, auxiliary = network.forward_with_auxiliary(subject.images)
        loss = nn.functional.cross_entropy(scores, torch.tensor([0, 1]))
        for other in auxiliary:
            loss = loss + network.auxiliary_weight * nn.functional.cross_entropy(other, torch.tensor([0, 1]))
        loss.backward()  # type: ignore[no-untyped-call]  # torch has no types here
    learned = [(name, weight.grad) for name, weight in network.named_parameters() if weight.requires_grad]
    missing = [name for name, gradient in learned if gradient is None]
    keep(not missing, f"no gradient reaches {missing[:3]}")
    finite = all(bool(torch.isfinite(gradient).all()) for _, gradient in learned if gradient is not None)
    keep(finite, "gradients are not finite")
    keep(
        any(float(gradient.abs().max()) > 0 for _, gradient in learned if gradient is not None),
        "all gradients are zero",
    )
    network.zero_grad(set_to_none=True)
    network.eval()


def other_sizes_go_through(subject: Subject) -> None:
    """Larger and oblong images get answers, without weights computed for them."""
    entry = subject.entry
    channels, height, width = entry.input_shape
    for shape in ((channels, height + 32, width + 32), (channels, height, width + 17)):
        rows = summarise(subject.outline, shape).rows
        keep(rows[-1].output == (entry.num_classes,), f"images of {shape} get {rows[-1].output}")


def weights_can_be_kept_and_put_back(subject: Subject) -> None:
    """A network made of another's state dict is the same."""
    copy = outline_network(subject.entry.name, num_classes=NUM_CLASSES)
    copy.load_state_dict(subject.network.state_dict(), assign=True)
    with evaluating(subject.network), evaluating(copy):
        keep(
            torch.equal(copy(subject.images), subject.network(subject.images)),
            "its weights put back say something else",
        )


CHECKS: tuple[Callable[[Subject], None], ...] = (
    counts_are_those_of_the_catalogue,
    it_has_a_head_a_table_and_a_layer_for_activation_maps,
    features_then_head_is_the_whole,
    answers_repeat_and_images_do_not_mix,
    every_weight_learns,
    other_sizes_go_through,
    weights_can_be_kept_and_put_back,
)


def global_randomness() -> tuple[bytes, bytes, int]:
    """The state of the generators that all of a process shares: torch's and NumPy's."""
    state = np.random.get_state(legacy=False)["state"]  # noqa: NPY002  it is looked at, not used
    return torch.get_rng_state().numpy().tobytes(), state["key"].tobytes(), int(state["pos"])


def keep(kept: bool, otherwise: str) -> None:
    """Insist on a promise."""
    if not kept:
        raise AssertionError(otherwise)


@contextmanager
def evaluating(network: Network) -> Iterator[None]:
    """Eval mode without gradients while the block runs."""
    training = network.training
    network.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        network.train(training)
