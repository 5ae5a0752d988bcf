"""Draw the README's picture: what hubel sees in a photo, layer by layer, after ``hubel train faces``.

    python scripts/make_picture.py [--out docs/images/how_hubel_sees.png]

Nothing in it is painted by hand. The head is trained on the built-in set; the feature maps are those of the base's own
graph, whose inner results are made outputs for this purpose; the bars come from ``hubel predict``. The head is linear in
channel means, so its score for any window of the photo is the mean over the window of ``Σ weight · map`` over all
channels, plus its offset: that is the heat. The photo is a portrait of Eileen Collins by NASA, public domain,
bundled with scikit-image.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from PIL import Image, ImageDraw, ImageFont
from safetensors.numpy import load_file

from hubel.core.card import Card, read_card
from hubel.models.efficientnet_lite0 import build_graph
from hubel.workflows import TrainOptions, predict, train

Array = np.ndarray[Any, Any]
Box = tuple[float, float, float, float]

PATCH_PX = 25
"""The side of the built-in patches."""
WINDOW_PX = 88
"""How much of the photo a window takes: about a face, as in the patches."""
GRID = 32
"""The last maps have one value for so many input pixels."""
PLACES = {"her face": None, "a flag": (20, 80), "a shuttle": (352, 122), "the suit": (200, 300)}
"""Windows of the photo, by their upper left corner; the first is where the heat is greatest."""

WIDTH, HEIGHT, SCALE = 1600, 790, 2
TOP, BOTTOM = 126, 736
INK, MUTED, LINE, PAPER, CARD = "#1b2430", "#667085", "#e1e5eb", "#f5f6f8", "#ffffff"
WARM, COOL, TRACK = "#e8590c", "#8d99ab", "#eceff3"
BLUES = ["#f3f6fa", "#cfdff2", "#7fa9dc", "#2f62ad", "#0c2350"]
HEATS = ["#fff3bf", "#ffd43b", "#ff922b", "#f03e3e", "#a61e4d"]


@dataclass(frozen=True, slots=True)
class Seen:
    """What was computed: the photo, 12 early and 12 late maps, the probability of a face around every place, the windows."""

    photo: Image.Image
    early: list[Array]
    late: list[Array]
    heat: Array
    windows: list[tuple[str, Image.Image, float]]
    examples: dict[str, list[Image.Image]]
    card: Card


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "docs/images/how_hubel_sees.png")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        os.environ["HUBEL_CACHE"] = str(Path(place) / "cache")
        seen = look(Path(place))
    picture = draw(seen)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    palette = picture.quantize(256, Image.Quantize.MEDIANCUT, kmeans=3)
    picture.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG).save(arguments.out, optimize=True)
    print(f"{arguments.out}: {arguments.out.stat().st_size / 1000:.0f} kB")


def look(place: Path) -> Seen:
    """Train the head, show it the photo, and keep what it sees."""
    run = place / "run"
    for _ in train("faces", TrainOptions(out=run, views=1)):
        pass
    card = read_card(run / "card.json")
    spec = importlib.util.find_spec("skimage")
    assert spec is not None
    assert spec.origin is not None
    photo = Image.open(Path(spec.origin).parent / "data" / "astronaut.png").convert("RGB")
    head = load_file(run / "weights.safetensors")
    towards = head["head.weights"][:, 0] - head["head.weights"][:, 1]  # (d): for a face, against anything else
    session = open_graph()
    maps = session.run(None, {"pixels": enlarged(photo, card.image.size)[None]})[1:]
    heat = face_probabilities(session, photo, card, (towards, float(head["head.bias"][0] - head["head.bias"][1])))
    return Seen(
        photo=photo,
        early=most_telling(maps[0][0], maps[0][0].std((1, 2))),
        late=most_telling(maps[-1][0], contributions(maps[-1][0], towards[-maps[-1].shape[1] :], heat)),
        heat=heat,
        windows=judge_windows(run, photo, heat),
        examples=training_examples(place / "cache" / "builtin" / "faces"),
        card=card,
    )


def open_graph() -> onnxruntime.InferenceSession:
    """The base with its inner maps as outputs: features, the stem's maps, then all that are pooled."""
    graph = build_graph()
    stem = next(node.output[0] for node in graph.graph.node if node.op_type == "Clip")
    pooled = [node.input[0] for node in graph.graph.node if node.op_type == "GlobalAveragePool"]
    for name in (stem, *pooled):
        graph.graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None))
    return onnxruntime.InferenceSession(graph.SerializeToString())


def enlarged(photo: Image.Image, size: int) -> Array:
    """The photo grey, as small as the patches were, then enlarged as they are: a window fills the base's input."""
    small = round(photo.width * PATCH_PX / WINDOW_PX)
    side = round(small * size / PATCH_PX / GRID) * GRID
    grey = photo.convert("L").resize((small, small), Image.Resampling.BILINEAR)
    return np.asarray(grey.resize((side, side), Image.Resampling.BILINEAR).convert("RGB"))


def face_probabilities(
    session: onnxruntime.InferenceSession, photo: Image.Image, card: Card, head: tuple[Array, float]
) -> Array:
    """The probability of a face in the window around every place of the photo, in steps of half a grid cell."""
    weights, offset = head
    pixels = enlarged(photo, card.image.size)
    half, window = card.image.size // 2, card.image.size // GRID
    steps = (0, GRID // 2)
    side = len(pixels) // GRID
    heat = np.zeros((2 * side, 2 * side))
    padded = np.pad(pixels, ((half, half + GRID), (half, half + GRID), (0, 0)), mode="edge")
    for row, top in enumerate(steps):
        for column, left in enumerate(steps):
            extent = len(pixels) + 2 * half
            moved = padded[top : top + extent, left : left + extent]
            pooled = session.run(None, {"pixels": np.ascontiguousarray(moved)[None]})[2:]
            score = window_means(local_scores(pooled, weights, extent // GRID), window) + offset
            probability = 1 / (1 + np.exp(-score / card.temperature))
            heat[row::2, column::2] = probability[:side, :side]
    return heat


def local_scores(pooled: list[Array], weights: Array, side: int) -> Array:
    """``Σ weight · map`` over the channels of all pooled stages, on the coarsest grid: (side side)."""
    total, first = np.zeros((side, side)), 0
    for maps in pooled:
        channels, fine = maps.shape[1], maps.shape[2] // side
        score = np.tensordot(weights[first : first + channels], maps[0], 1)
        total += score.reshape(side, fine, side, fine).mean((1, 3))
        first += channels
    return total


def window_means(values: Array, window: int) -> Array:
    """The mean over every square window."""
    views = np.lib.stride_tricks.sliding_window_view(values, (window, window))
    return np.asarray(views.mean((2, 3)))


def contributions(maps: Array, weights: Array, heat: Array) -> Array:
    """How much more each channel (c h w) speaks for a face in the best window than in the whole photo."""
    side = maps.shape[1]
    row, column = (int(place) // 2 for place in np.unravel_index(int(heat.argmax()), heat.shape))
    reach = max(round(side * WINDOW_PX / 512 / 2), 1)
    inside = maps[:, max(row - reach, 0) : row + reach + 1, max(column - reach, 0) : column + reach + 1]
    return np.asarray(np.maximum(weights, 0) * (inside.mean((1, 2)) - maps.mean((1, 2))))


def most_telling(maps: Array, merits: Array, count: int = 12) -> list[Array]:
    """The maps (h w) of the greatest merit, leaving out those that look like one already taken."""
    flat = maps.reshape(len(maps), -1)
    standard = (flat - flat.mean(1, keepdims=True)) / (flat.std(1, keepdims=True) + 1e-9)
    taken: list[int] = []
    for index in np.argsort(-merits):
        if all(abs(float(np.mean(standard[index] * standard[other]))) < 0.95 for other in taken):
            taken.append(int(index))
        if len(taken) == count:
            break
    return [maps[index] for index in taken]


def judge_windows(run: Path, photo: Image.Image, heat: Array) -> list[tuple[str, Image.Image, float]]:
    """Four windows as grey patches, and hubel's own answer to each."""
    row, column = np.unravel_index(int(heat.argmax()), heat.shape)
    step = photo.width / len(heat)
    best = (float((column + 0.5) * step - WINDOW_PX / 2), float((row + 0.5) * step - WINDOW_PX / 2))
    patches = []
    for corner in PLACES.values():
        left, top = corner or best
        box = (left, top, left + WINDOW_PX, top + WINDOW_PX)
        patches.append(photo.convert("L").resize((PATCH_PX, PATCH_PX), Image.Resampling.BILINEAR, box=box))
    answers = predict(run, patches, top_k=2)
    return [
        (name, patch, dict(answer.top)["face"]) for name, patch, answer in zip(PLACES, patches, answers, strict=True)
    ]


def training_examples(folder: Path, count: int = 8) -> dict[str, list[Image.Image]]:
    """Some patches of each class, out of the half with more contrast: black squares show a reader nothing."""
    examples = {}
    for label in sorted(folder.iterdir()):
        patches = [Image.open(path).convert("L") for path in sorted(label.glob("*.png"))]
        contrasts = [float(np.asarray(patch).std()) for patch in patches]
        median = float(np.median(contrasts))
        clear = [patch for patch, contrast in zip(patches, contrasts, strict=True) if contrast >= median]
        examples[label.name] = clear[:: len(clear) // count][:count]
    return examples


class Sheet:
    """The picture in the making; lengths are in its final pixels, drawn larger and reduced at the end."""

    def __init__(self) -> None:
        self.image = Image.new("RGB", (WIDTH * SCALE, HEIGHT * SCALE), PAPER)
        self.pen = ImageDraw.Draw(self.image)

    def rectangle(self, box: Box, *, radius: float, fill: str, outline: str | None = None) -> None:
        """A box with round corners."""
        self.pen.rounded_rectangle([value * SCALE for value in box], radius * SCALE, fill, outline, SCALE)

    def text(
        self,
        at: tuple[float, float],
        text: str,
        size: float,
        *,
        colour: str = INK,
        bold: bool = False,
        anchor: str = "la",
    ) -> None:
        """One line of text; a thin stroke stands for bold, which Pillow's own font has not."""
        font = ImageFont.load_default(size * SCALE)
        self.pen.text(
            (at[0] * SCALE, at[1] * SCALE),
            text,
            colour,
            font,
            anchor=anchor,
            stroke_width=0.5 * SCALE / 2 if bold else 0,
        )

    def paste(self, picture: Image.Image, box: Box, *, radius: float = 4, smooth: bool = True) -> None:
        """A picture stretched into a box with round corners."""
        left, top, right, bottom = (round(value * SCALE) for value in box)
        size = (right - left, bottom - top)
        way = Image.Resampling.BICUBIC if smooth else Image.Resampling.NEAREST
        mask = Image.new("L", size, 0)
        ImageDraw.Draw(mask).rounded_rectangle((0, 0, size[0] - 1, size[1] - 1), radius * SCALE, 255)
        self.image.paste(picture.convert("RGB").resize(size, way), (left, top), mask)

    def finish(self) -> Image.Image:
        """The picture in its final size."""
        return self.image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)


def draw(seen: Seen) -> Image.Image:
    """The whole picture: four cards from left to right."""
    sheet = Sheet()
    sheet.text((40, 36), "How hubel sees", 34, bold=True)
    accuracy = 100 * seen.card.metrics.accuracy
    sheet.text(
        (40, 84),
        f"hubel train faces: 200 tiny patches become a classifier, {accuracy:.1f} % right in cross-validation. "
        "Then it looks at a photo it never saw.",
        17,
        colour=MUTED,
    )
    lefts, widths = (40, 446, 852, 1188), (372, 372, 302, 372)
    titles = ("A photo", "Feature maps", "Probabilities", "Heat")
    for number, (left, width, title) in enumerate(zip(lefts, widths, titles, strict=True), 1):
        sheet.rectangle((left, TOP, left + width, BOTTOM), radius=16, fill=CARD, outline=LINE)
        sheet.rectangle((left + 20, TOP + 20, left + 46, TOP + 46), radius=13, fill=INK)
        sheet.text((left + 33, TOP + 33.5), str(number), 15, colour=CARD, anchor="mm", bold=True)
        sheet.text((left + 58, TOP + 33.5), title, 21, anchor="lm", bold=True)
        if number < len(titles):
            arrow(sheet, left + width + 17, (TOP + BOTTOM) / 2)
    draw_photo(sheet, seen, lefts[0] + 20)
    draw_maps(sheet, seen, lefts[1] + 20)
    draw_windows(sheet, seen, lefts[2] + 20, widths[2] - 40)
    draw_heat(sheet, seen, lefts[3] + 20)
    sheet.text(
        (40, 752),
        "Computed and drawn by scripts/make_picture.py.  Photo: NASA, public domain (scikit-image).  Patches: LFW subset in scikit-image.",
        13,
        colour=MUTED,
    )
    return sheet.finish()


def arrow(sheet: Sheet, x: float, y: float) -> None:
    points = [(x - 4, y - 9), (x + 5, y), (x - 4, y + 9)]
    sheet.pen.line([(a * SCALE, b * SCALE) for a, b in points], COOL, 3 * SCALE, joint="curve")


def draw_photo(sheet: Sheet, seen: Seen, left: float) -> None:
    top = TOP + 66
    sheet.paste(seen.photo, (left, top, left + 332, top + 332), radius=8)
    top += 332 + 18
    for name, patches in seen.examples.items():
        label = {"face": "Learned from 100 patches of faces", "non-face": "and 100 patches of other things"}[name]
        sheet.text((left, top), label, 14, colour=MUTED)
        for index, patch in enumerate(patches):
            x = left + index * 42.2
            sheet.paste(patch, (x, top + 22, x + 36.6, top + 58.6), radius=3, smooth=False)
        top += 76


def draw_maps(sheet: Sheet, seen: Seen, left: float) -> None:
    top = TOP + 66
    for label, maps in (
        ("early layer: edges, light and dark", seen.early),
        ("last layer: what here speaks most for a face", seen.late),
    ):
        sheet.text((left, top), label, 14, colour=MUTED)
        top += 23
        for index, values in enumerate(maps):
            x, y = left + index % 4 * 84.6, top + index // 4 * 79
            sheet.paste(colours(stretched(values), BLUES), (x, y, x + 78, y + 73))
        top += 3 * 79 + 12


def draw_windows(sheet: Sheet, seen: Seen, left: float, width: float) -> None:
    top = TOP + 66
    sheet.text((left, top), "how sure it is of a face, in four windows", 14, colour=MUTED)
    top += 32
    for name, patch, probability in seen.windows:
        sheet.paste(patch, (left, top, left + 104, top + 104), radius=8, smooth=False)
        x, right = left + 120, left + width
        sheet.text((x, top + 14), name, 16)
        sheet.text(
            (right, top + 46),
            f"{100 * probability:.1f} %",
            22,
            bold=True,
            anchor="ra",
            colour=WARM if probability > 0.5 else MUTED,
        )
        sheet.rectangle((x, top + 80, right, top + 90), radius=5, fill=TRACK)
        end = x + max((right - x) * probability, 10)
        sheet.rectangle((x, top + 80, end, top + 90), radius=5, fill=WARM if probability > 0.5 else COOL)
        top += 125


def draw_heat(sheet: Sheet, seen: Seen, left: float) -> None:
    top = TOP + 66
    side = seen.photo.width
    grey = np.asarray(seen.photo.convert("L"), dtype=np.float64)[:, :, None] * 0.62 + 255 * 0.38
    heat = np.asarray(Image.fromarray(seen.heat.astype(np.float32)).resize((side, side), Image.Resampling.BICUBIC))
    heat = heat.clip(0, 1)
    alpha = 0.72 * np.minimum(heat / 0.5, 1)[:, :, None]
    warm = np.asarray(colours(heat, HEATS), dtype=np.float64)
    sheet.paste(
        Image.fromarray((grey * (1 - alpha) + warm * alpha).astype(np.uint8)),
        (left, top, left + 332, top + 332),
        radius=8,
    )
    top += 332 + 18
    sheet.paste(colours(np.linspace(0, 1, 332)[None].repeat(10, 0), HEATS), (left, top, left + 332, top + 10), radius=5)
    for share, anchor in ((0.0, "la"), (0.5, "ma"), (1.0, "ra")):
        sheet.text((left + 332 * share, top + 16), f"{100 * share:.0f} %", 13, colour=MUTED, anchor=anchor)
    lines = (
        "How sure it is that the window around a",
        "place is a face. The head is one linear layer",
        "on means of feature maps, so its score can",
        "be read off at any place: here one sees, too,",
        "that a collar and a badge mislead it.",
    )
    for number, line in enumerate(lines):
        sheet.text((left, top + 48 + number * 22), line, 15)


def stretched(values: Array) -> Array:
    """A map from its 1st to its 99.5th percentile as 0 to 1."""
    low, high = np.percentile(values, (1, 99.5))
    return np.asarray(((values - low) / max(high - low, 1e-9)).clip(0, 1))


def colours(values: Array, ramp: list[str]) -> Image.Image:
    """Values from 0 to 1 as colours of a ramp."""
    stops = np.array([[int(colour[at : at + 2], 16) for at in (1, 3, 5)] for colour in ramp], dtype=np.float64)
    places = np.linspace(0, 1, len(stops))
    channels = [np.interp(values, places, stops[:, channel]) for channel in range(3)]
    return Image.fromarray(np.stack(channels, -1).round().astype(np.uint8))


if __name__ == "__main__":
    main()
