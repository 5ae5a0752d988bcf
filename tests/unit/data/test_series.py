"""Series: names that run on, times that lie close."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from hubel.data.capture_time import capture_time
from hubel.data.fingerprint import fingerprint
from hubel.data.series import find_series


def jpeg_taken(moment: str, *, subsecond: str = "", image_format: str = "JPEG") -> bytes:
    exif = Image.Exif()
    exif[0x010F] = "a camera"
    details = exif.get_ifd(0x8769)
    details[0x9003] = moment
    if subsecond:
        details[0x9291] = subsecond
    encoded = io.BytesIO()
    Image.new("RGB", (8, 8)).save(encoded, image_format, exif=exif)
    return encoded.getvalue()


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP"])
def test_capture_time_is_read_from_exif_whatever_the_format(image_format: str) -> None:
    first = capture_time(jpeg_taken("2024:05:01 12:00:00", subsecond="25", image_format=image_format))
    second = capture_time(jpeg_taken("2024:05:01 12:00:02", image_format=image_format))
    assert first is not None
    assert second is not None
    assert second - first == pytest.approx(1.75)


@pytest.mark.parametrize("moment", ["0000:00:00 00:00:00", "yesterday", "2024:13:41 25:61:61", ""])
def test_senseless_capture_time_counts_as_none(moment: str) -> None:
    assert capture_time(jpeg_taken(moment)) is None


def test_bytes_without_exif_have_no_capture_time() -> None:
    assert capture_time(b"") is None
    assert capture_time(b"\xff\xd8\xff\xe1\x00\x10Exif\0\0MM\0*\xff\xff\xff\xff") is None


def test_names_that_run_on_within_seconds_are_a_series() -> None:
    paths = [f"cats/IMG_{number:04}.jpg" for number in (1, 2, 3, 4)]
    assert find_series(paths, [10.0, 10.5, 11.0, 500.0]).tolist() == [0, 0, 0, 1]


def test_names_that_run_on_are_no_series_without_times() -> None:
    paths = [f"cats/{number}.jpg" for number in range(1, 501)]
    assert len(set(find_series(paths, [None] * 500).tolist())) == 500


def test_close_times_are_no_series_without_names_that_run_on() -> None:
    assert find_series(["cats/a7.jpg", "cats/b9.jpg"], [10.0, 10.2]).tolist() == [0, 1]


def test_series_do_not_cross_folders() -> None:
    assert find_series(["cats/IMG_1.jpg", "dogs/IMG_2.jpg"], [10.0, 10.2]).tolist() == [0, 1]


def test_times_in_names_count_where_cameras_noted_none() -> None:
    paths = ["a/20240501_120000.jpg", "a/20240501_120001.jpg", "a/20240501_121500.jpg", "a/20241399_120000.jpg"]
    assert find_series(paths, [None] * 4).tolist() == [0, 0, 1, 2]


def test_names_that_run_on_with_like_pictures_are_a_series() -> None:
    noise = np.random.default_rng(0)
    frames: list[np.ndarray] = []
    paths: list[str] = []
    for scene in range(30):
        coarse = noise.integers(0, 256, (9, 9, 3)).astype(np.uint8)
        large = np.asarray(Image.fromarray(coarse).resize((200, 200), Image.Resampling.BICUBIC))
        for shift in range(3):
            frames.append(fingerprint(large[3 * shift : 3 * shift + 150, 4 * shift : 4 * shift + 150]))
            paths.append(f"clip/{len(paths):05}.png")
        del scene
    found = find_series(paths, [None] * len(paths), fingerprints=np.stack(frames)).tolist()
    assert found == [index // 3 for index in range(len(paths))]


def test_unlike_pictures_with_names_that_run_on_are_no_series() -> None:
    noise = np.random.default_rng(0)
    prints = np.stack([fingerprint(noise.integers(0, 256, (48, 48, 3)).astype(np.uint8)) for _ in range(60)])
    paths = [f"set/{number}.png" for number in range(60)]
    assert find_series(paths, [None] * 60, fingerprints=prints).tolist() == list(range(60))
