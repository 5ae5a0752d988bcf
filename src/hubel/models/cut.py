"""A base cut in two: the lower half, which stays as it is and runs once on every image, and the upper half, which learns.

The base's steps stand in a row, each a module that takes what the one before it gives. Either half is the base with the other's
steps taken out; between them goes one row of numbers for each image, the maps and what was pooled before the cut, so that a
cache can keep them and any runtime can make them. That the two halves are the whole is tried out at every cut.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, nn

from hubel.core.errors import ModelError, UsageError
from hubel.core.language import say
from hubel.models.torch_module import PooledFeatures, StageFeatures

TOLERANCE = 1e-4
"""How far the two halves may be from the whole, relative to the largest value."""
NONE, ALL = "none", "all"
Base = PooledFeatures | StageFeatures
"""What `foreign.load_torch_module` gives."""
Place = TypeVar("Place")


@dataclass(frozen=True, slots=True)
class Step:
    """One module of the row: its name in the network, the height of the maps it gives, the convolutions in it by name."""

    name: str
    height: int
    convolutions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a base is cut: so many steps are below; of those above, the weights from the convolution `first` on learn, or all."""

    place: int
    first: str = ""


def steps_of(base: Base, size: int) -> tuple[Step, ...]:
    """The base's steps, in the order in which they run.

    Parameters
    ----------
    base
        From pixels to features.
    size
        The side of the input in pixels.
    """
    found: list[Step] = []
    network = base.network
    candidates = dict(_candidates(network))
    names = {module: name for name, module in candidates.items()}

    def note(module: nn.Module, _: object, output: object) -> None:
        height = output.shape[2] if isinstance(output, Tensor) and output.ndim == 4 else 0
        inner = module.named_modules(prefix=names[module])
        convolutions = tuple(name for name, part in inner if isinstance(part, nn.Conv2d))
        found.append(Step(names[module], height, convolutions))

    hooks = [module.register_forward_hook(note) for module in names]
    try:
        with torch.inference_mode():
            base(torch.zeros(1, size, size, 3, dtype=torch.uint8))
    finally:
        for hook in hooks:
            hook.remove()
    pooled_from = next((index for index, step in enumerate(found) if not step.height), len(found))
    return tuple(found[:pooled_from])


def _candidates(network: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    for name, child in network.named_children():
        if isinstance(child, nn.Sequential | nn.ModuleList):
            yield from ((f"{name}.{inner}", module) for inner, module in child.named_children())
        else:
            yield name, child


def find_cut(unfreeze: str, steps: tuple[Step, ...]) -> Cut:
    """Where to cut so that the asked-for layers are above.

    Parameters
    ----------
    unfreeze
        ``none``, ``all``, ``last:N`` (the last N convolutions), or ``stage:N`` (the last N stages: a stage is all steps whose
        maps have the same size).
    steps
        Of the base.

    Raises
    ------
    UsageError
        When the word is no such, or the base has fewer.

    Examples
    --------
    >>> row = (Step("stem", 8, ("stem",)), Step("a", 4, ("a.1", "a.2")), Step("b", 4, ()), Step("c", 2, ("c",)))
    >>> find_cut("stage:2", row), find_cut("last:2", row)
    (Cut(place=1, first=''), Cut(place=1, first='a.2'))
    """
    kind, _, number = unfreeze.partition(":")
    if unfreeze in {NONE, ALL}:
        return Cut(len(steps) if unfreeze == NONE else 0)
    if kind not in {"stage", "last"} or not number.isdecimal() or not int(number):
        raise UsageError(
            say(
                en=f"--unfreeze does not take {unfreeze!r}. Choose none, all, stage:N (the last N stages) or last:N (the last N convolutions).",
                ko=f"--unfreeze 값으로 {unfreeze!r} 을(를) 쓸 수 없습니다. none, all, stage:N(마지막 N개 단계), last:N(마지막 N개 합성곱) "
                "가운데 고르세요.",
            )
        )
    if kind == "stage":
        return Cut(_counted_from_end(stage_starts(steps), int(number), unfreeze))
    places = [(index, name) for index, step in enumerate(steps) for name in step.convolutions]
    return Cut(*_counted_from_end(places, int(number), unfreeze))


def stage_starts(steps: Sequence[Step]) -> list[int]:
    """The place of each stage's first step. What only pools, or is left with one pixel, belongs to the stage before."""
    lengths = [len(list(group)) for _, group in itertools.groupby(steps, key=lambda step: step.height)]
    starts = [0, *itertools.accumulate(lengths)]
    return [
        start
        for start, end in itertools.pairwise(starts)
        if not start or (steps[start].height > 1 and any(step.convolutions for step in steps[start:end]))
    ]


def _counted_from_end(places: list[Place], number: int, unfreeze: str) -> Place:
    if number <= len(places):
        return places[-number]
    raise UsageError(
        say(
            en=f"--unfreeze {unfreeze}: this base has only {len(places)}. Choose a smaller number, or all.",
            ko=f"--unfreeze {unfreeze}: 이 기반 모델에는 {len(places)}개만 있습니다. 더 작은 수나 all을 고르세요.",
        )
    )


class Lower(nn.Module):
    """The steps below a cut: pixels uint8 (n h w 3) → rows (n m), the maps with their channels last, then what was pooled."""

    def __init__(self, base: Base, steps: tuple[Step, ...], place: int) -> None:
        super().__init__()
        self.base = without(base, [step.name for step in steps[place:]])
        self.names = [step.name for step in steps[:place]]

    def forward(self, pixels: Tensor) -> Tensor:
        """The rows."""
        scaled = self.base.scaling(pixels)
        maps, pooled = self.base.run(scaled, self.names) if self.names else (scaled, [])
        return torch.cat([maps.permute(0, 2, 3, 1).flatten(1), *pooled], dim=1)


class Upper(nn.Module):
    """The steps above a cut: rows (n m) as `Lower` makes them → features (n d).

    Parameters
    ----------
    base
        Is copied.
    steps
        Of the base.
    place
        Where it is cut.
    shape
        The maps at the cut, (c h w).
    """

    def __init__(self, base: Base, steps: tuple[Step, ...], place: int, shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.base = without(base, [step.name for step in steps[:place]])
        self.names = [step.name for step in steps[place:]]
        self.shape = shape

    def forward(self, rows: Tensor) -> Tensor:
        """The features."""
        channels, height, width = self.shape
        size = channels * height * width
        maps = rows[:, :size].reshape(-1, height, width, channels).permute(0, 3, 1, 2)
        return self.features(maps, rows[:, size:])

    def features(self, maps: Tensor, pooled: Tensor) -> Tensor:
        """Maps (n c h w) at the cut, and what was pooled before it (n p) → features (n d)."""
        maps, more = self.base.run(maps, self.names)
        return self.base.gather(maps, [pooled, *more])


def halve(base: Base, cut: Cut, size: int) -> tuple[Lower, Upper]:
    """Cut a base in two; the base itself stays as it is.

    Parameters
    ----------
    base
        From pixels to features, in evaluation mode.
    cut
        Where; see `find_cut`.
    size
        The side of the input in pixels.

    Raises
    ------
    ModelError
        When the steps of this base do not stand in a row, so that the halves are not the whole.
    """
    steps = steps_of(base, size)
    if not cut.place:
        return Lower(base, steps, 0).eval(), Upper(base, steps, 0, (3, size, size)).eval()
    random = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (2, size, size, 3), generator=random, dtype=torch.uint8)
    with torch.no_grad():  # not inference mode, whose tensors could never learn
        lower, whole = Lower(base, steps, cut.place), base(pixels)
        try:
            maps, _ = lower.base.run(base.scaling(pixels), lower.names)
            upper = Upper(base, steps, cut.place, (maps.shape[1], maps.shape[2], maps.shape[3]))
            distance = float((upper(lower(pixels)) - whole).abs().max() / whole.abs().max())
        except Exception as error:  # half a network fails in ways of its own
            raise in_no_row(steps, cut) from error
    if not distance <= TOLERANCE:
        raise in_no_row(steps, cut)
    return lower.eval(), upper.eval()


def in_no_row(steps: Sequence[Step], cut: Cut) -> ModelError:
    """The error for a base whose steps above the cut cannot be run by themselves."""
    name = steps[cut.place].name
    return ModelError(
        say(
            en=f"This base cannot be cut before its layer {name!r}: what comes before is used again after it. Choose another --unfreeze, "
            "or --unfreeze all.",
            ko=f"이 기반 모델은 {name!r} 층 앞에서 나눌 수 없습니다: 앞의 결과가 뒤에서 다시 쓰입니다. 다른 --unfreeze 값이나 --unfreeze all을 고르세요.",
        )
    )


def without(base: Base, names: list[str]) -> Base:
    """A copy of a base in which these steps pass on what they get."""
    found = copy.deepcopy(base)
    for name in names:
        found.network.set_submodule(name, nn.Identity())
    return found


def learned_into(base: Base, upper: Upper) -> Base:
    """A copy of the base with the weights that the upper half has learned."""
    found = copy.deepcopy(base)
    missing = found.load_state_dict(upper.base.state_dict(), strict=False).unexpected_keys
    assert not missing, f"not of this base: {missing[:3]}"
    return found.eval()


def let_learn(upper: Upper, cut: Cut) -> None:
    """Let the weights of the upper half learn from the cut's first convolution on; those before it stay."""
    learns = not cut.first
    for name, weight in upper.base.network.named_parameters():
        learns = learns or name.startswith(f"{cut.first}.")
        weight.requires_grad_(learns)
