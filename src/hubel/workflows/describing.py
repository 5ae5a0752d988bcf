"""`models`: which networks there are, and one of them layer by layer, as a table, as a drawing, or with an image inside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hubel.core.errors import UsageError
from hubel.core.events import Event
from hubel.core.files import write_atomically
from hubel.core.language import say
from hubel.core.seeds import generator
from hubel.models.registry import Entry, create_network, entries, find_entry, outline_network
from hubel.models.weights import IMAGENET
from hubel.workflows.fetching import fetch_imagenet

if TYPE_CHECKING:
    from torch import Tensor

    from hubel.models.network import Network
    from hubel.models.summary import Summary
    from hubel.models.weights import LoadedWeights

LARGEST_SIDE = 4096
SMALLEST_SIDE = 8
NUM_ANSWERS = 5
LUMA = (0.299, 0.587, 0.114)
"""How red, green and blue count in a grey image (ITU-R BT.601)."""


@dataclass(frozen=True, slots=True)
class DescribeOptions:
    """What to look at: images of another shape (c h w), the image to follow, the weights to follow it with, the seed of fresh ones."""

    input_shape: tuple[int, int, int] | None = None
    image: Path | None = None
    weights: str | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Described:
    """A network layer by layer; with an image, `weights` says whose weights it met, None for fresh ones.

    `answers` are the likeliest classes that trained weights give the image, with their probabilities.
    """

    entry: Entry
    summary: Summary
    image: Path | None
    weights: LoadedWeights | None
    answers: tuple[tuple[str, float], ...] = ()


def list_networks() -> tuple[Entry, ...]:
    """All networks, the oldest first. Needs no torch."""
    return entries()


def keep_quiet(_event: Event) -> None:
    """Nobody is told how far it is."""


def describe(
    name: str, options: DescribeOptions | None = None, *, tell: Callable[[Event], None] = keep_quiet
) -> Described:
    """One network layer by layer.

    Parameters
    ----------
    name
        A name or alias.
    options
        What to look at; by default the shapes for the input of its paper, which takes no weights and no time.
    tell
        Is told how far a download is.

    Raises
    ------
    ModelError
        When there is no such network, or its weights cannot be had.
    DownloadError
        When its weights cannot be fetched.
    UsageError
        When images of that shape do not go through it.
    DataError
        When the image cannot be read.
    MissingExtraError
        When torch is not installed.
    """
    chosen = options or DescribeOptions()
    entry = find_entry(name)
    shape = chosen.input_shape or entry.input_shape
    check_shape(shape)
    if chosen.image is None:
        if chosen.weights is not None:
            raise weights_without_image(chosen.weights)
        outline = outline_network(entry.name, num_channels=shape[0])
        from hubel.models.summary import summarise

        return Described(entry, summarise(outline, shape), None, None)
    if chosen.weights == IMAGENET:
        for event in fetch_imagenet(entry):
            tell(event)
    return follow_image(entry, shape, chosen.image, chosen)


def draw(described: Described, path: Path) -> None:
    """Write the drawing of a network as SVG."""
    from hubel.models.drawing import drawing_of

    write_atomically(path, drawing_of(described.summary, described.entry.name))


def follow_image(entry: Entry, shape: tuple[int, int, int], image: Path, options: DescribeOptions) -> Described:
    """The network with weights, and the values that one image has in every layer."""
    channels, height, width = shape
    if height != width:
        raise not_square(shape)
    network = create_network(entry.name, generator(options.seed, "weights"), num_channels=channels)
    from hubel.models.summary import summarise_images
    from hubel.models.weights import HALVES, load_weights

    weights = None if options.weights is None else load_weights(network, entry, weights=options.weights)
    mean, deviation = (HALVES, HALVES) if weights is None else (weights.mean, weights.deviation)
    planes = image_planes(image, height, channels)
    if channels == 3:
        planes = (planes - planes.new_tensor(mean)[:, None, None]) / planes.new_tensor(deviation)[:, None, None]
    else:
        planes = planes * 2 - 1
    taught = weights is not None and not any(name.startswith("head") for name in weights.fresh)
    answers = likeliest(network, planes) if taught else ()
    return Described(entry, summarise_images(network, planes), image, weights, answers)


def likeliest(network: Network, planes: Tensor) -> tuple[tuple[str, float], ...]:
    """The classes with the highest probabilities, the highest first; those of ImageNet by name."""
    import torch

    from hubel.models.imagenet import NUM_CLASSES, class_name

    with torch.inference_mode():
        shares = network.eval()(planes)[0].softmax(0)
    best = shares.topk(min(NUM_ANSWERS, len(shares)))
    known = len(shares) == NUM_CLASSES
    return tuple(
        ((class_name(index) if known else None) or str(index), share)
        for share, index in zip(best.values.tolist(), best.indices.tolist(), strict=True)
    )


def image_planes(image: Path, side: int, channels: int) -> Tensor:
    """An image as a square of planes from 0 to 1, (1 c h w); grey where one channel is asked for.

    Raises
    ------
    DataError
        When it cannot be read.
    """
    import torch

    from hubel.core.card import ImageSpec
    from hubel.data.images import load_image

    if channels not in (1, 3):
        raise UsageError(
            say(
                en=f"An image has 1 channel (grey) or 3 (colour); --input asks for {channels}. Give 1xHEIGHTxWIDTH or 3xHEIGHTxWIDTH.",
                ko=f"이미지의 채널은 1(회색) 또는 3(컬러)인데 --input은 {channels}채널입니다. 1x높이x너비 또는 3x높이x너비로 지정하세요.",
            )
        )
    pixels = load_image(image, ImageSpec(size=side, resize="crop"))
    planes = torch.from_numpy(pixels.copy()).permute(2, 0, 1).float() / 255  # 3 h w
    if channels == 1:
        planes = (planes * planes.new_tensor(LUMA)[:, None, None]).sum(0, keepdim=True)
    return planes[None]


def check_shape(shape: tuple[int, int, int]) -> None:
    """Refuse shapes that no image here has."""
    channels, *sides = shape
    if channels < 1 or min(sides) < SMALLEST_SIDE or max(sides) > LARGEST_SIDE:
        asked = "x".join(map(str, shape))
        raise UsageError(
            say(
                en=f"--input does not take {asked}: at least one channel, and sides of {SMALLEST_SIDE} to {LARGEST_SIDE} pixels. Write for example: 3x224x224",
                ko=f"--input 값으로 {asked} 을(를) 쓸 수 없습니다. 채널은 1 이상, 변은 {SMALLEST_SIDE}–{LARGEST_SIDE}픽셀이어야 합니다. 예: 3x224x224",
            )
        )


def not_square(shape: tuple[int, int, int]) -> UsageError:
    """An image is to be followed through a network for oblong ones."""
    asked = "x".join(map(str, shape))
    return UsageError(
        say(
            en=f"An image is followed as a square, and --input is {asked}. Give two equal sides, or leave --trace out.",
            ko=f"이미지는 정사각형으로 따라가는데 --input은 {asked} 입니다. 두 변을 같게 하거나 --trace를 빼세요.",
        )
    )


def weights_without_image(weights: str) -> UsageError:
    """Weights were named, and nothing that would need them."""
    return UsageError(
        say(
            en=f"The weights {weights} would change nothing in a table of shapes. Add --trace IMAGE to see what an image does with them.",
            ko=f"모양을 보여 주는 표에서는 가중치 {weights} 이(가) 아무것도 바꾸지 않습니다. 이미지가 어떻게 흐르는지 보려면 --trace 이미지를 추가하세요.",
        )
    )
