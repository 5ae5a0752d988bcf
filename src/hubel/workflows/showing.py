"""`train --show-augmented`: what augmentation makes of a few of the user's images."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from hubel.core.card import ImageSpec
from hubel.core.errors import DataError, MissingExtraError, UsageError
from hubel.core.files import write_atomically
from hubel.core.language import say
from hubel.core.seeds import generator
from hubel.data.images import UnreadableImage, load_image
from hubel.data.names import shown
from hubel.data.sources import open_dataset
from hubel.models.registry import find_entry
from hubel.train.options import TrainOptions
from hubel.workflows.from_scratch import scratch_of
from hubel.workflows.opening import open_source

NUM_IMAGES = 8


def show_augmented(source: str, options: TrainOptions, path: Path) -> str:
    """Write the picture as PNG; returns its path for the user.

    Parameters
    ----------
    source
        The images, as `train` takes them.
    options
        Give the recipe with its augmentation, the size and the seed.
    path
        The file to write.

    Raises
    ------
    UsageError
        When the recipe changes nothing, or the file is no PNG.
    DataError
        When no image can be read.
    """
    augmentation = scratch_of(options).recipe.augmentation
    if augmentation.changes_nothing:
        recipe = scratch_of(options).recipe.name
        raise UsageError(
            say(
                en=f"The recipe {recipe} changes no image, so there is nothing to show. Add for example --augment photos.",
                ko=f"레시피 {recipe} 은(는) 이미지를 바꾸지 않으므로 보여 줄 것이 없습니다. 예를 들어 --augment photos를 추가하세요.",
            )
        )
    if path.suffix.lower() != ".png":
        raise UsageError(
            say(
                en=f"--show-augmented writes PNG, got {shown(str(path))}. Give a file name that ends in .png.",
                ko=f"--show-augmented는 PNG를 쓰지만 {shown(str(path))} 을(를) 받았습니다. .png로 끝나는 파일 이름을 지정하세요.",
            )
        )
    try:
        from hubel.data.augmented_sheet import augmented_sheet
    except ImportError as error:
        raise MissingExtraError(error.name or "torch", "torch") from error
    size = options.size or find_entry(scratch_of(options).network).input_shape[1]
    pixels = sample_pixels(source, options, size)
    sheet = augmented_sheet(pixels, augmentation, generator(options.seed, "show augmented"))
    stream = io.BytesIO()
    Image.fromarray(sheet).save(stream, "PNG")
    write_atomically(path, stream.getvalue())
    return shown(str(path))


def sample_pixels(source: str, options: TrainOptions, size: int) -> np.ndarray:
    """A few images of the source, drawn by the seed, (n size size 3)."""
    examples = open_dataset(path_of(source), reading=options.labels).examples
    spec = ImageSpec(size=size, resize="crop" if options.resize == "auto" else options.resize)
    found: list[np.ndarray] = []
    for index in generator(options.seed, "show augmented").permutation(len(examples)):
        try:
            found.append(load_image(examples[int(index)].path, spec))
        except UnreadableImage:
            continue  # `check` and `train` say which files these are; here any others serve
        if len(found) == NUM_IMAGES:
            break
    if not found:
        raise DataError(
            say(
                en=f"None of the {len(examples)} images of {shown(source)} can be read. `hubel check` says why.",
                ko=f"{shown(source)} 의 이미지 {len(examples)}장을 하나도 읽을 수 없습니다. 이유는 `hubel check`가 알려 줍니다.",
            )
        )
    return np.stack(found)


def path_of(source: str) -> str:
    """Where the source lies once it is opened; what that says on the way is not passed on."""
    opening = open_source(source)
    while True:
        try:
            next(opening)
        except StopIteration as end:
            return str(end.value)
