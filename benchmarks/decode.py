"""How fast a folder of images becomes 224-pixel squares: hubel's reader beside what others do.

    python benchmarks/decode.py [FOLDER] [--rounds 5] [--limit 400]
    python benchmarks/decode.py --memory

Without a folder, 60 photos of twelve megapixels and 400 of 500 pixels are made from scikit-image's pictures in a
temporary folder. Every method reads every file in every round, in an order that changes from round to round; the
best round of each counts, for noise only ever slows. Pixel differences are to plain decoding with the same
(bilinear, antialiased) filter, in values of 0 to 255.

With --memory, the largest blank image that the default limits allow is written in every format, and each is read in
full by a process of its own, whose peak memory is printed.
"""

from __future__ import annotations

import argparse
import math
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import simplejpeg
from PIL import Image

from hubel.core.card import ImageSpec
from hubel.data.images import DEFAULT_LIMITS, UnreadableImage, load_image, read_image

SIZE = 224
SPEC = ImageSpec(size=SIZE, resize="squash")
Method = Callable[[list[Path]], list[np.ndarray[Any, Any]]]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--limit", type=int, default=400, help="at most so many files of each kind")
    parser.add_argument("--memory", action="store_true", help="print the peak memory of the largest images instead")
    arguments = parser.parse_args()
    packages = ("pillow", "simplejpeg", "torchvision", "numpy")
    print(
        f"machine: {platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    )
    print("versions:", ", ".join(f"{package} {version(package)}" for package in packages))
    if arguments.memory:
        report_memory()
        return
    with kinds_of_files(arguments.folder, arguments.limit) as kinds:
        for name, files in kinds.items():
            report(name, files, arguments.rounds)


def report(name: str, files: list[Path], rounds: int) -> None:
    """Time all methods on one kind of file, in turns, and print the table."""
    methods = find_methods(all(file.read_bytes()[:2] == b"\xff\xd8" for file in files))
    seconds: dict[str, list[float]] = {label: [] for label in methods}
    squares: dict[str, list[np.ndarray[Any, Any]]] = {}
    labels = list(methods)
    for number in range(rounds):
        for label in labels[number % len(labels) :] + labels[: number % len(labels)]:
            start = time.perf_counter()
            squares[label] = methods[label](files)
            seconds[label].append(time.perf_counter() - start)
    reference = [np.asarray(plain_image(file).resize((SIZE, SIZE), Image.Resampling.BILINEAR)) for file in files]
    print(f"\n{name}: n = {len(files)} files, {rounds} rounds, best of each")
    print(f"{'method':44s} {'images/s':>9s} {'ms':>7s} {'× Pillow':>9s} {'mean diff':>10s} {'max diff':>9s}")
    plain = min(seconds[labels[0]])
    for label in labels:
        differences = [np.abs(a.astype(int) - b.astype(int)) for a, b in zip(squares[label], reference, strict=True)]
        mean, most = np.mean([d.mean() for d in differences]), max(int(d.max()) for d in differences)
        best = min(seconds[label])
        rate, milliseconds = len(files) / best, best / len(files) * 1000
        print(f"{label:44s} {rate:9.1f} {milliseconds:7.2f} {plain / best:9.2f} {mean:10.2f} {most:9d}")


def find_methods(only_jpegs: bool) -> dict[str, Method]:
    """The methods by name, plain Pillow first."""
    methods: dict[str, Method] = {
        "plain Pillow, its default filter (bicubic)": lambda files: [
            np.asarray(plain_image(file).resize((SIZE, SIZE))) for file in files
        ],
        "plain Pillow, bilinear": lambda files: [
            np.asarray(plain_image(file).resize((SIZE, SIZE), Image.Resampling.BILINEAR)) for file in files
        ],
    }
    if only_jpegs:
        methods["torchvision.io + antialiased resize"] = by_torchvision()
        methods["simplejpeg + Pillow resize"] = lambda files: [
            np.asarray(Image.fromarray(simplejpeg.decode_jpeg(file.read_bytes())).resize((SIZE, SIZE), 2))
            for file in files
        ]
    methods["hubel, one thread"] = lambda files: [load_image(file, SPEC) for file in files]
    methods["hubel, two threads"] = by_two_threads
    return methods


def plain_image(file: Path) -> Image.Image:
    with Image.open(file) as image:
        return image.convert("RGB")


def by_two_threads(files: list[Path]) -> list[np.ndarray[Any, Any]]:
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda file: load_image(file, SPEC), files))


def by_torchvision() -> Method:
    import torch
    from torchvision.io import ImageReadMode, decode_image, read_file
    from torchvision.transforms.v2.functional import resize

    torch.set_num_threads(1)

    def read(file: Path) -> np.ndarray[Any, Any]:
        pixels = decode_image(read_file(str(file)), ImageReadMode.RGB)
        return np.asarray(resize(pixels, [SIZE, SIZE], antialias=True).permute(1, 2, 0))

    return lambda files: [read(file) for file in files]


@contextmanager
def kinds_of_files(folder: Path | None, limit: int) -> Iterator[dict[str, list[Path]]]:
    """The readable images of a folder, or two kinds of photos made for the purpose."""
    if folder is not None:
        files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
        yield {str(folder): [file for file in files if is_readable(file)][:limit]}
        return
    with tempfile.TemporaryDirectory() as place:
        yield {
            "made, 4000 × 3000": make_photos(Path(place) / "large", (4000, 3000), min(60, limit)),
            "made, 500 × 375": make_photos(Path(place) / "small", (500, 375), min(400, limit)),
        }


def is_readable(file: Path) -> bool:
    try:
        read_image(file)
    except UnreadableImage:
        return False
    return True


def make_photos(folder: Path, size: tuple[int, int], count: int) -> list[Path]:
    """Photos of one size cut from real pictures at random, with a little noise as sensors have it."""
    from skimage import data

    names = ("astronaut", "chelsea", "coffee", "rocket", "immunohistochemistry")
    pictures = [getattr(data, name)() for name in names]
    random = np.random.default_rng(0)
    folder.mkdir()
    files = []
    for number in range(count):
        picture = Image.fromarray(pictures[number % len(pictures)])
        left, top = random.uniform(0, 0.3, 2) * picture.size
        box = (left, top, left + 0.7 * picture.width, top + 0.7 * picture.height)
        pixels = np.asarray(picture.resize(size, Image.Resampling.BICUBIC, box=box)).astype(np.int16)
        pixels += random.integers(-6, 7, pixels.shape, dtype=np.int16)
        file = folder / f"{number:03d}.jpg"
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(file, quality=90)
        files.append(file)
    return files


def report_memory() -> None:
    """Print the peak memory of reading the largest image of every format."""
    print(f"\n{'image':28s} {'megapixels':>10s} {'peak MB':>8s}")
    for name, (mode, image_format, options) in LARGEST.items():
        costly = image_format in {"WEBP", "AVIF", "HEIF"}
        side = math.isqrt(DEFAULT_LIMITS.max_pixels // (2 if costly else 1))
        if image_format == "TIFF" and mode == "F":  # 4 bytes a pixel in the file: the limit on bytes comes first
            side = math.isqrt(DEFAULT_LIMITS.max_bytes // 4 - 10_000)
        with tempfile.TemporaryDirectory() as place:
            file = Path(place) / "image"
            # One process writes and another reads, so that the memory of writing is not counted.
            subprocess.run(
                [sys.executable, "-c", WRITE, file, mode, str(side), image_format, repr(options)], check=True
            )
            answer = subprocess.run([sys.executable, "-c", READ, file], stdout=subprocess.PIPE, check=True).stdout
        print(f"{name:28s} {side * side / 1e6:10.1f} {int(answer) / 2**20:8.0f}")


LARGEST: dict[str, tuple[str, str, dict[str, object]]] = {
    "JPEG": ("RGB", "JPEG", {}),
    "JPEG, progressive, 4:4:4": ("RGB", "JPEG", {"progressive": True, "subsampling": 0}),
    "JPEG, CMYK": ("CMYK", "JPEG", {}),
    "PNG": ("RGB", "PNG", {}),
    "PNG, with alpha": ("RGBA", "PNG", {}),
    "PNG, palette": ("P", "PNG", {}),
    "GIF": ("P", "GIF", {}),
    "TIFF, 16 bits": ("I;16", "TIFF", {}),
    "TIFF, floats": ("F", "TIFF", {}),
    "BMP": ("RGB", "BMP", {}),
    "WebP, with alpha": ("RGBA", "WEBP", {}),
    "AVIF, with alpha": ("RGBA", "AVIF", {"speed": 10}),
    "HEIC": ("RGB", "HEIF", {}),
}

WRITE = """
import ast, sys
from PIL import Image
file, mode, side, image_format, options = sys.argv[1:]
if image_format == "HEIF":
    import pillow_heif
    pillow_heif.register_heif_opener()
Image.new(mode, (int(side), int(side))).save(file, image_format, **ast.literal_eval(options))
"""

READ = """
import resource, sys
from hubel.data.images import read_image
read_image(sys.argv[1])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024))
"""

if __name__ == "__main__":
    main()
