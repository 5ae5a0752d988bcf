"""What happens to pictures on their way around: each change takes a picture and a generator."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFont, ImageOps


def encode_anew(picture: Image.Image, noise: np.random.Generator) -> Image.Image:
    data = io.BytesIO()
    picture.save(data, "JPEG", quality=int(noise.integers(30, 80)))
    return Image.open(io.BytesIO(data.getvalue())).convert("RGB")


def resize(picture: Image.Image, noise: np.random.Generator) -> Image.Image:
    factor = float(noise.choice([0.5, 0.75, 1.5, 2.0]))
    ways = (Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS)
    width, height = (max(16, round(side * factor)) for side in picture.size)
    return picture.resize((width, height), ways[int(noise.integers(3))])


def change_brightness(picture: Image.Image, noise: np.random.Generator) -> Image.Image:
    brighter = ImageEnhance.Brightness(picture).enhance(float(noise.choice([0.6, 0.75, 1.25, 1.4])))
    return ImageEnhance.Contrast(brighter).enhance(float(noise.uniform(0.8, 1.2)))


def crop(picture: Image.Image, noise: np.random.Generator) -> Image.Image:
    """A tenth of the width, of the height or of both, taken off anywhere: one side, both sides, a corner."""
    width, height = picture.size
    across, down = [(0.1, 0.1), (0.1, 0.0), (0.0, 0.1)][int(noise.integers(3))]
    left, top = (float(noise.choice([0.0, 1.0, noise.random()])) * part for part in (across, down))
    right, bottom = left + 1 - across, top + 1 - down
    return picture.crop((round(left * width), round(top * height), round(right * width), round(bottom * height)))


def mirror(picture: Image.Image, noise: np.random.Generator) -> Image.Image:
    del noise
    return ImageOps.mirror(picture)


def caption_in_band(picture: Image.Image, noise: np.random.Generator) -> Image.Image:
    width, height = picture.size
    band = max(6, int(height * noise.uniform(0.1, 0.18)))
    top = int(noise.choice([0, height - band]))
    changed = picture.copy()
    ImageDraw.Draw(changed).rectangle((0, top, width, top + band), fill="black")
    return write(changed, top, band, "white")


def caption_over(picture: Image.Image, noise: np.random.Generator) -> Image.Image:
    size = max(6, int(picture.height * noise.uniform(0.08, 0.14)))
    changed = write(picture.copy(), int(picture.height * 0.03), size, "white")
    return write(changed, int(picture.height * 0.85), size, "white") if noise.random() < 0.5 else changed


def caption_beside(picture: Image.Image, noise: np.random.Generator) -> Image.Image:
    width, height = picture.size
    band = max(6, int(height * noise.uniform(0.08, 0.14)))
    above = bool(noise.integers(2))
    changed = Image.new("RGB", (width, height + band), "white")
    changed.paste(picture, (0, band if above else 0))
    return write(changed, 0 if above else height, band, "black")


def several(picture: Image.Image, noise: np.random.Generator) -> Image.Image:
    """Cropped, half of the time mirrored, brightened or darkened, made smaller, encoded anew."""
    changed = crop(picture, noise)
    changed = ImageOps.mirror(changed) if noise.random() < 0.5 else changed
    changed = ImageEnhance.Brightness(changed).enhance(float(noise.choice([0.75, 1.3])))
    width, height = (max(24, round(side * 0.7)) for side in changed.size)
    return encode_anew(changed.resize((width, height)), noise)


def write(picture: Image.Image, top: int, size: int, colour: str) -> Image.Image:
    text = "When you see what the others have written"[: max(4, int(picture.width / (0.6 * size)))]
    font = ImageFont.load_default(max(6, int(size * 0.75)))
    edge_px = max(1, size // 10) if colour == "white" else 0
    place = (picture.width * 0.04, top)
    ImageDraw.Draw(picture).text(place, text, fill=colour, font=font, stroke_width=edge_px, stroke_fill="black")
    return picture


KINDS: dict[str, Callable[[Image.Image, np.random.Generator], Image.Image]] = {
    "encoded": encode_anew,
    "resized": resize,
    "brightness": change_brightness,
    "cropped": crop,
    "mirrored": mirror,
    "band": caption_in_band,
    "overlay": caption_over,
    "line added": caption_beside,
    "several": several,
}
