"""Which networks there are, and how to have one. Reading the list loads no torch; `catalogue.tsv` is the list.

Every name is a function of that name in the module of its family, ``name(num_classes, *, num_channels)``; some take settings,
which stand in brackets behind the name (`models.settings`). That each does what its line says is tested
(`contract.check_model`).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib import import_module
from importlib.resources import files
from typing import TYPE_CHECKING

from hubel.core.errors import MissingExtraError, ModelError
from hubel.core.language import say
from hubel.models.settings import Settings, read_settings, split_name, with_settings

if TYPE_CHECKING:
    import numpy as np

    from hubel.models.network import Network

MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the catalogue.

    `input_shape` is (c h w), that of the paper; `parameters` are counted without auxiliary heads, `multiply_adds` for one
    image. `weights` says who has ImageNet weights for it, such as ``torchvision:vgg16``; empty where nobody does. With
    `settings` that are not the usual ones, they stand in the name, and the counts are still those of the line.
    """

    name: str
    family: str
    year: int
    input_shape: tuple[int, int, int]
    num_classes: int
    parameters: int
    multiply_adds: int
    weights: str
    aliases: tuple[str, ...]
    paper: str
    settings: Settings = field(default_factory=dict, hash=False)


@lru_cache(maxsize=1)
def entries() -> tuple[Entry, ...]:
    """All networks, in the order of the catalogue: by year."""
    text = files("hubel.models").joinpath("catalogue.tsv").read_text(encoding="utf-8")
    return tuple(entry_of(row) for row in csv.DictReader(text.splitlines(), delimiter="\t"))


def find_entry(name: str) -> Entry:
    """The network of that name or alias, with settings in brackets or without.

    Raises
    ------
    ModelError
        When there is none, with the nearest, or it has no such setting.

    Examples
    --------
    >>> find_entry("vgg_d").name, find_entry("hubel_small[dropout=0.2, depth=5, width=32]").name
    ('vgg16', 'hubel_small[width=32,dropout=0.2]')
    """
    plain, words = split_name(name)
    wanted = plain.strip().casefold().replace("-", "_")
    known = {spelling: entry for entry in entries() for spelling in (entry.name, *entry.aliases)}
    if wanted not in known:
        raise unknown_name(name, list(known))
    entry = known[wanted]
    settings = read_settings(entry.name, words)
    return replace(entry, name=with_settings(entry.name, settings), settings=settings) if settings else entry


def create_network(
    name: str, generator: np.random.Generator, *, num_classes: int | None = None, num_channels: int | None = None
) -> Network:
    """A network with fresh weights. No other randomness is spent.

    Parameters
    ----------
    name
        A name or alias of the catalogue.
    generator
        Where the first weights come from.
    num_classes, num_channels
        How many scores it gives and channels it sees; by default as in its paper.

    Raises
    ------
    ModelError
        When there is no such network.
    MissingExtraError
        When torch is not installed.
    """
    network = outline_network(name, num_classes=num_classes, num_channels=num_channels).to_empty(device="cpu")
    import torch

    seed = int(generator.integers(2**63 - 1))
    with torch.no_grad():
        network.initialise(torch.Generator().manual_seed(seed))
    return network


def outline_network(name: str, *, num_classes: int | None = None, num_channels: int | None = None) -> Network:
    """A network without weights, on torch's meta device: it takes no time and knows all its shapes.

    Raises
    ------
    ModelError, MissingExtraError
        As `create_network`.
    """
    entry = find_entry(name)
    try:
        import torch
    except ImportError as error:
        raise MissingExtraError("torch", "torch") from error
    builder = getattr(import_module(f"hubel.models.{entry.family}"), split_name(entry.name)[0])
    channels = num_channels or entry.input_shape[0]
    with torch.device("meta"):
        network: Network = builder(num_classes or entry.num_classes, num_channels=channels, **entry.settings)
    return network


def entry_of(row: dict[str, str]) -> Entry:
    """One line read."""
    channels, height, width = map(int, row["input"].split("x"))
    return Entry(
        name=row["name"],
        family=row["family"],
        year=int(row["year"]),
        input_shape=(channels, height, width),
        num_classes=int(row["classes"]),
        parameters=int(row["parameters"]),
        multiply_adds=int(row["multiply_adds"]),
        weights=row["weights"],
        aliases=tuple(row["aliases"].split()),
        paper=row["paper"],
    )


def unknown_name(name: str, known: list[str]) -> ModelError:
    """A name that no network has."""
    import difflib

    near = difflib.get_close_matches(name.casefold().replace("-", "_"), known, n=MOST_NAMED, cutoff=0.5)
    hint = ", ".join(near or ("lenet5", "vgg16", "resnet50"))
    return ModelError(
        say(
            en=f"There is no network {name!r}. Near it: {hint}. `hubel models` lists them all.",
            ko=f"{name!r} 이라는 신경망은 없습니다. 비슷한 이름: {hint}. `hubel models`로 전체 목록을 볼 수 있습니다.",
        )
    )
