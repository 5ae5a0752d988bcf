"""One reader: every way in gives the same pixels, and every way out has a documented reason."""

from __future__ import annotations

import io
import os
import pickle
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import simplejpeg
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageCms, ImageOps

from hubel.core.card import ImageSpec
from hubel.core.errors import DataError, install_command
from hubel.core.types import Pixels
from hubel.data.decode import choose_factor
from hubel.data.images import Limits, Refusal, UnreadableImage, load_image, read_facts, read_image
from hubel.data.refusal import explain_refusal, remedy_refusal
from support import run_python

picture = st.tuples(st.integers(1, 24), st.integers(1, 24)).flatmap(lambda size: arrays(np.uint8, (*size, 3)))

BEST: dict[str, dict[str, Any]] = {"JPEG": {"quality": 100, "subsampling": 0}, "WEBP": {"lossless": True}}


def photo(width: int = 60, height: int = 40) -> Pixels:
    """Smooth colours with some texture, different in every corner."""
    y, x = np.mgrid[0:height, 0:width]
    red, green = x * 255 // max(width - 1, 1), y * 255 // max(height - 1, 1)
    return np.stack([red, green, (x * 7 + y * 13) % 256], axis=-1).astype(np.uint8)


def encode(image: Image.Image | Pixels, image_format: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(buffer, image_format, **options)
    return buffer.getvalue()


def refusal_of(source: Any, **options: Any) -> Refusal:
    with pytest.raises(UnreadableImage) as caught:
        read_image(source, **options)
    return caught.value.refusal


# ---- every way in


@given(picture)
def test_path_bytes_file_pil_and_array_give_the_same_pixels(
    tmp_path_factory: pytest.TempPathFactory, pixels: Pixels
) -> None:
    data = encode(pixels, "PNG")
    path = tmp_path_factory.getbasetemp() / "same.png"
    path.write_bytes(data)
    with path.open("rb") as file:
        from_file = read_image(file)
    for read in (read_image(path), read_image(str(path)), read_image(data), from_file, read_image(pixels)):
        np.testing.assert_array_equal(read, pixels)
    np.testing.assert_array_equal(read_image(Image.open(io.BytesIO(data))), pixels)


@given(picture, st.integers(1, 8))
def test_a_turned_jpeg_is_the_same_from_path_bytes_and_pil(pixels: Pixels, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encode(pixels, "JPEG", exif=exif)
    np.testing.assert_array_equal(read_image(Image.open(io.BytesIO(data))), read_image(data))


def test_a_file_object_is_read_from_its_current_position() -> None:
    file = io.BytesIO(b"header" + encode(photo(), "PNG"))
    file.seek(6)
    np.testing.assert_array_equal(read_image(file), photo())


def test_reading_leaves_a_pil_image_as_it_was() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.open(io.BytesIO(encode(photo(), "JPEG", exif=exif)))
    before = (image.size, image.mode, image.getexif().get(0x0112))
    read_image(image)
    assert (image.size, image.mode, image.getexif().get(0x0112)) == before


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF", "AVIF", "PPM"])
def test_the_content_decides_the_format_whatever_the_name(tmp_path: Path, image_format: str) -> None:
    path = tmp_path / "misnamed.txt"
    path.write_bytes(encode(photo(), image_format))
    assert read_facts(path).format == image_format
    assert read_image(path).shape == (40, 60, 3)


def test_heic_is_read_through_the_plugin_without_registering_it(monkeypatch: pytest.MonkeyPatch) -> None:
    pillow_heif = pytest.importorskip("pillow_heif", reason="the extra heic is not installed")
    monkeypatch.delitem(Image.OPEN, "HEIF", raising=False)  # imageio registers it for the whole process
    buffer = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(photo(64, 48))).save(buffer, quality=90)
    assert read_facts(buffer.getvalue()).format == "HEIF"
    assert np.abs(read_image(buffer.getvalue()).astype(int) - photo(64, 48)).mean() < 12
    assert "HEIF" not in Image.OPEN


def test_heic_without_the_plugin_is_refused_with_the_command_that_installs_it(tmp_path: Path) -> None:
    path = tmp_path / "phone.heic"
    path.write_bytes((24).to_bytes(4, "big") + b"ftypheic\0\0\0\0mif1heic" + b"\0" * 40)
    code = """
import sys
sys.modules["pillow_heif"] = None
from hubel.data.images import UnreadableImage, read_image
try:
    read_image(sys.argv[1])
except UnreadableImage as error:
    print(error.refusal, error)
"""
    answer = run_python("-c", code, str(path)).stdout
    assert answer.startswith("needs-plugin")
    assert install_command("heic") in answer


@pytest.mark.parametrize(
    "name", ["고양이 사진 (1).jpg", "猫 😺.jpg", "a" * 246 + ".jpg", "-rf.jpg", "name with  'quote' #1 %20.jpg"]
)
def test_any_name_can_be_opened(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(encode(photo(), "JPEG"))
    assert read_image(path).shape == (40, 60, 3)


def test_a_name_that_is_not_utf8_is_read_and_its_refusal_can_be_printed(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"bad_\xff\xfe.jpg")
    try:
        path.write_bytes(encode(photo(), "JPEG"))
    except OSError:
        pytest.skip("this file system takes only UTF-8 names")
    assert read_image(path).shape == (40, 60, 3)
    path.write_bytes(b"")
    with pytest.raises(UnreadableImage) as caught:
        read_image(path)
    assert "bad_" in str(caught.value).encode("utf-8").decode()


# ---- which way up, which colours


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_eight_orientations_give_the_same_upright_image(image_format: str, orientation: int) -> None:
    # The stored picture is the upright one turned back, so that a viewer's turn brings it upright.
    inverse = {6: 8, 8: 6}.get(orientation, orientation)
    turned_back = Image.fromarray(photo(64, 48))
    turned_back.getexif()[0x0112] = inverse
    stored = ImageOps.exif_transpose(turned_back)
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encode(stored, image_format, exif=exif, **BEST.get(image_format, {}))
    facts, pixels = read_facts(data), read_image(data)
    assert (facts.width, facts.height) == (64, 48)
    assert pixels.shape == (48, 64, 3)
    assert np.abs(pixels.astype(int) - photo(64, 48)).mean() < (12 if image_format in {"JPEG", "AVIF"} else 0.01)


@pytest.mark.parametrize("orientation", [0, 9, 99])
def test_an_invalid_orientation_counts_as_upright(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encode(photo(), "JPEG", exif=exif)
    assert read_facts(data).orientation == 1
    assert read_image(data).shape == (40, 60, 3)


@pytest.mark.parametrize("exif", [b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08\x00\x09"])
def test_broken_exif_says_nothing(exif: bytes) -> None:
    np.testing.assert_array_equal(read_image(encode(photo(), "JPEG", exif=exif)), read_image(encode(photo(), "JPEG")))


def test_orientation_told_only_by_xmp_is_applied() -> None:
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    data = encode(photo(), "JPEG", xmp=xmp)
    assert read_image(data).shape == (60, 40, 3)
    np.testing.assert_array_equal(read_image(Image.open(io.BytesIO(data))), read_image(data))


@pytest.mark.parametrize(
    "mode", ["1", "L", "LA", "La", "P", "PA", "RGB", "RGBX", "RGBA", "RGBa", "CMYK", "YCbCr", "HSV"]
)
def test_every_mode_becomes_rgb(mode: str) -> None:
    white = Image.new("RGB", (6, 4), "white")
    image = {
        "La": lambda: white.convert("LA").convert("La"),
        "RGBa": lambda: white.convert("RGBA").convert("RGBa"),
    }.get(mode, lambda: white.convert("P").convert("PA") if mode == "PA" else white.convert(mode))()
    assert image.mode == mode
    pixels = read_image(image)
    assert pixels.dtype == np.uint8
    assert pixels.shape == (4, 6, 3)
    assert pixels.min() >= 250


def test_lab_becomes_rgb() -> None:
    pixels = read_image(Image.new("LAB", (3, 2), (255, 128, 128)))
    assert pixels.shape == (2, 3, 3)
    assert pixels.min() >= 250


@pytest.mark.parametrize("image_format", ["PNG", "WEBP", "TIFF"])
def test_transparency_is_laid_over_white(image_format: str) -> None:
    image = Image.new("RGBA", (4, 2), (255, 0, 0, 255))
    image.paste((0, 0, 0, 0), (0, 0, 2, 2))
    data = encode(image, image_format, **({"lossless": True} if image_format == "WEBP" else {}))
    np.testing.assert_array_equal(read_image(data)[0], [[255, 255, 255]] * 2 + [[255, 0, 0]] * 2)


@pytest.mark.parametrize(
    ("mode", "transparent", "other"), [("L", 7, 9), ("RGB", (7, 7, 7), (9, 9, 9)), ("P", 0, 1), ("I;16", 1000, 0)]
)
def test_a_transparent_colour_is_laid_over_white(mode: str, transparent: Any, other: Any) -> None:
    image = Image.new(mode, (2, 1), transparent)
    image.putpixel((1, 0), other)
    if mode == "P":
        image.putpalette([10, 10, 10, 0, 0, 0])
    pixels = read_image(encode(image, "PNG", transparency=transparent))
    assert pixels[0, 0].tolist() == [255, 255, 255]
    assert pixels[0, 1].max() < 12


def test_sixteen_bits_keep_the_upper_eight() -> None:
    values = np.array([[0, 255, 256, 65535]], np.uint16)
    expected = [[0, 0, 1, 255]]
    assert read_image(encode(Image.fromarray(values), "PNG"))[:, :, 0].tolist() == expected
    assert read_image(encode(Image.fromarray(values), "TIFF"))[:, :, 0].tolist() == expected
    assert read_image(values)[:, :, 0].tolist() == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([[0, 0.5, 1]], np.float32), [0, 128, 255]),
        (np.array([[0, 100, 255]], np.float32), [0, 100, 255]),
        (np.array([[-100, 0, 410]], np.float32), [0, 50, 255]),
        (np.array([[0, np.nan, 1]], np.float32), [0, 0, 255]),
        (np.array([[-np.inf, 0.5, np.inf, 1]], np.float32), [128, 128, 255, 255]),
        (np.array([[np.nan, np.nan]], np.float32), [0, 0]),
        (np.array([[0, 100, 255]], np.int32), [0, 100, 255]),
        (np.array([[0, 256, 65535]], np.int32), [0, 1, 255]),
        (np.array([[-100, 0, 410]], np.int32), [0, 50, 255]),
    ],
)
def test_32_bit_values_are_scaled_by_the_documented_rule(values: np.ndarray[Any, Any], expected: list[int]) -> None:
    assert read_image(encode(Image.fromarray(values), "TIFF"))[0, :, 0].tolist() == expected


def test_a_large_deep_image_is_scaled_by_one_range_for_all_its_strips() -> None:
    values = np.linspace(0, 1000, 1500 * 1500, dtype=np.float32).reshape(1500, 1500)
    pixels = read_image(Image.fromarray(values))
    assert (int(pixels.min()), int(pixels.max())) == (0, 255)
    assert int(np.abs(np.diff(pixels[:, 0, 0].astype(int))).max()) <= 1


def test_strips_give_what_the_whole_image_gives() -> None:
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (1300, 1300, 4), np.uint8))
    white = Image.new("RGBA", image.size, "white")
    expected = np.asarray(Image.alpha_composite(white, image).convert("RGB")).astype(int)
    assert np.abs(read_image(image).astype(int) - expected).max() <= 1  # the two blends round differently


def test_adobe_cmyk_jpeg_is_not_inverted() -> None:
    data = encode(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG", quality=95)
    red, green, blue = read_image(data)[8, 8]
    assert red > 200
    assert max(green, blue) < 60


def test_an_srgb_profile_changes_nothing() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    np.testing.assert_array_equal(read_image(encode(photo(), "PNG", icc_profile=profile)), photo())
    plain, profiled = encode(photo(), "JPEG"), encode(photo(), "JPEG", icc_profile=profile)
    np.testing.assert_array_equal(read_image(profiled), read_image(plain))


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_profile_that_swaps_colours_is_applied(image_format: str) -> None:
    data = encode(
        Image.new("RGB", (16, 16), (200, 40, 90)),
        image_format,
        icc_profile=swapped_profile(),
        **BEST.get(image_format, {}),
    )
    assert np.abs(read_image(data)[8, 8].astype(int) - [90, 40, 200]).max() <= 4
    np.testing.assert_array_equal(read_image(Image.open(io.BytesIO(data))), read_image(data))


def test_a_broken_profile_is_ignored_for_it_says_nothing_of_the_pixels() -> None:
    np.testing.assert_array_equal(read_image(encode(photo(), "PNG", icc_profile=b"not a profile")), photo())


def test_a_profile_of_another_colour_space_is_ignored() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    np.testing.assert_array_equal(read_image(encode(photo(), "PNG", icc_profile=profile)), photo())


def swapped_profile() -> bytes:
    """sRGB with the names of red and blue exchanged in its tag table: a real profile, surely not sRGB."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile.replace(b"rXYZ", b"?XYZ").replace(b"bXYZ", b"rXYZ").replace(b"?XYZ", b"bXYZ")


@pytest.mark.parametrize("image_format", ["GIF", "WEBP", "PNG", "TIFF", "AVIF"])
def test_of_an_animation_the_first_frame_is_read(image_format: str) -> None:
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("red", "blue", "lime")]
    data = encode(frames[0], image_format, save_all=True, append_images=frames[1:])
    red, green, blue = read_image(data)[16, 16]
    assert red > 240
    assert max(green, blue) < 15


# ---- arrays


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.full((2, 3), 9, np.uint8), 9),
        (np.full((2, 3, 1), 9, np.uint8), 9),
        (np.full((2, 3, 3), 9, np.uint8), 9),
        (np.ones((2, 3), bool), 255),
        (np.full((2, 3), 0.5), 128),
        (np.full((2, 3, 3), 1.0, np.float32), 255),
        (np.full((2, 3, 3), 512, np.uint16), 2),
        (np.zeros((2, 3, 4), np.uint8), 255),
    ],
)
def test_clear_arrays_become_pixels(array: np.ndarray[Any, Any], expected: int) -> None:
    pixels = read_image(array)
    assert pixels.shape == (2, 3, 3)
    assert pixels.dtype == np.uint8
    assert (pixels == expected).all()
    assert not np.shares_memory(pixels, array)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((3, 8, 8), np.uint8),
        np.zeros((1, 8, 8, 3), np.uint8),
        np.zeros(8, np.uint8),
        np.zeros((8, 8, 2), np.uint8),
        np.zeros((8, 8, 3), np.int64),
        np.full((8, 8), 128.0),
        np.full((8, 8), -0.1),
        np.full((8, 8), np.nan),
        np.full((8, 8), "x"),
    ],
)
def test_ambiguous_arrays_are_refused_with_what_to_do(array: np.ndarray[Any, Any]) -> None:
    with pytest.raises(DataError, match="uint8") as caught:
        read_image(array)
    assert isinstance(caught.value, UnreadableImage)
    assert caught.value.refusal == Refusal.AMBIGUOUS_ARRAY


def test_an_array_without_pixels_has_zero_size() -> None:
    assert refusal_of(np.zeros((0, 5, 3), np.uint8)) == Refusal.ZERO_SIZE


def test_a_text_file_is_a_data_error() -> None:
    with pytest.raises(DataError, match="Give a path"):
        read_image(io.StringIO("text"))  # type: ignore[arg-type]  # that is the point


def test_what_is_no_source_at_all_is_a_data_error() -> None:
    # In a process of its own, for the type checker of the tests would object first.
    done = run_python("-c", "from hubel.data.images import read_image; read_image(None)")
    assert "DataError: No image can be read from NoneType" in done.stderr


# ---- refusals


def test_missing_files_and_broken_links_are_refused_as_missing(tmp_path: Path) -> None:
    (tmp_path / "link.jpg").symlink_to(tmp_path / "nowhere.jpg")
    assert refusal_of(tmp_path / "nothing.jpg") == Refusal.MISSING
    assert refusal_of(tmp_path / "link.jpg") == Refusal.MISSING
    assert refusal_of("nul\0byte.jpg") == Refusal.MISSING


def test_folders_pipes_sockets_and_devices_are_refused_and_never_wait(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    assert refusal_of(tmp_path) == Refusal.NOT_A_FILE
    assert refusal_of(tmp_path / "pipe.jpg") == Refusal.NOT_A_FILE
    assert refusal_of("/dev/zero") == Refusal.NOT_A_FILE
    with socket.socket(socket.AF_UNIX) as listener:
        name = os.path.relpath(tmp_path / "s")
        try:
            listener.bind(name)
        except OSError:
            return  # the name is too long for a socket here
        assert refusal_of(name) == Refusal.NO_ACCESS  # the system itself opens no socket


def test_a_link_to_itself_is_refused_as_no_access(tmp_path: Path) -> None:
    (tmp_path / "loop.jpg").symlink_to(tmp_path / "loop.jpg")
    assert refusal_of(tmp_path / "loop.jpg") == Refusal.NO_ACCESS


def test_a_file_without_permission_is_refused_as_no_access(tmp_path: Path) -> None:
    path = tmp_path / "private.jpg"
    path.write_bytes(encode(photo(), "JPEG"))
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    assert refusal_of(path) == Refusal.NO_ACCESS


def test_no_bytes_are_refused_as_empty(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    assert refusal_of(tmp_path / "empty.png") == refusal_of(b"") == refusal_of(io.BytesIO()) == Refusal.EMPTY


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "BMP", "WEBP", "TIFF", "AVIF", "GIF", "PPM"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_truncated_file_is_refused_as_truncated(image_format: str, share: float) -> None:
    data = encode(np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8), image_format)
    assert refusal_of(data[: int(len(data) * share)]) == Refusal.TRUNCATED


@pytest.mark.parametrize("num_bytes", [1, 2, 3, 20, 200])
def test_the_first_bytes_of_a_jpeg_are_refused_as_truncated(num_bytes: int) -> None:
    assert refusal_of(encode(photo(), "JPEG")[:num_bytes]) == Refusal.TRUNCATED


def test_a_jpeg_without_its_end_marker_is_refused_for_nobody_knows_what_is_missing() -> None:
    assert refusal_of(encode(photo(), "JPEG")[:-2]) == Refusal.TRUNCATED


def test_a_jpeg_with_bytes_after_its_end_is_read() -> None:
    data = encode(photo(), "JPEG")
    np.testing.assert_array_equal(read_image(data + b"trailing" * 100), read_image(data))


@pytest.mark.parametrize(
    ("content", "kind"),
    [(b"<html><body>404</body></html>", "HTML"), ("설명".encode(), "text"), (b"PK\x03\x04zip", "ZIP"), (b"%PDF-1.7", "PDF"),
     (b"BMW is a car, not a bitmap.", "text"), (bytes(range(200, 256)), "")],
)  # fmt: skip
def test_other_content_is_refused_as_not_an_image_and_named(content: bytes, kind: str) -> None:
    with pytest.raises(UnreadableImage) as caught:
        read_image(content)
    assert (caught.value.refusal, caught.value.detail) == (Refusal.NOT_AN_IMAGE, kind)


@pytest.mark.parametrize("image_format", ["ICO", "PCX", "SGI", "DDS", "JPEG2000", "EPS", "TGA"])
def test_formats_left_alone_are_refused_as_unsupported(image_format: str) -> None:
    assert refusal_of(encode(photo(64, 64), image_format)) in {Refusal.UNSUPPORTED_FORMAT, Refusal.NOT_AN_IMAGE}


def test_svg_is_an_image_that_is_left_alone() -> None:
    assert refusal_of(b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>') == Refusal.UNSUPPORTED_FORMAT


def test_damaged_bytes_are_refused_as_corrupt() -> None:
    data = bytearray(encode(photo(), "PNG"))
    data[60] ^= 0xFF
    assert refusal_of(bytes(data)) == Refusal.CORRUPT


def test_pixels_beyond_the_limit_are_refused_before_decoding() -> None:
    header = encode(Image.new("1", (1, 1)), "PNG")
    bomb = header[:16] + (2**31 - 1).to_bytes(4, "big") * 2 + header[24:]
    assert refusal_of(bomb) in {Refusal.TOO_LARGE, Refusal.CORRUPT}  # the checksum of the header no longer fits
    assert refusal_of(encode(Image.new("1", (12000, 8000)), "PNG")) == Refusal.TOO_LARGE
    for source in (photo(20, 20), Image.fromarray(photo(20, 20))):
        data = encode(source, "PNG")
        assert refusal_of(data, limits=Limits(max_pixels=399)) == Refusal.TOO_LARGE
        assert read_image(data, limits=Limits(max_pixels=400)).shape == (20, 20, 3)


def test_bytes_beyond_the_limit_are_refused(tmp_path: Path) -> None:
    data = encode(photo(), "PNG")
    (tmp_path / "a.png").write_bytes(data)
    limits = Limits(max_bytes=len(data) - 1)
    for source in (tmp_path / "a.png", data, io.BytesIO(data)):
        assert refusal_of(source, limits=limits) == Refusal.TOO_MANY_BYTES


@pytest.mark.parametrize("refusal", list(Refusal))
def test_every_refusal_says_what_and_what_to_do_in_both_languages(
    refusal: Refusal, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = []
    for language in ("en", "ko"):
        monkeypatch.setenv("HUBEL_LANG", language)
        error = UnreadableImage(refusal, "what was found", "cat.jpg")
        assert str(error) == f"cat.jpg: {explain_refusal(refusal)} (what was found). {remedy_refusal(refusal)}"
        texts.append(str(error))
    assert texts[0] != texts[1]


def test_a_refusal_survives_the_way_between_processes() -> None:
    error = pickle.loads(pickle.dumps(UnreadableImage(Refusal.CORRUPT, "why", "cat.jpg")))
    assert (error.refusal, error.detail, error.name) == (Refusal.CORRUPT, "why", "cat.jpg")


@given(st.binary(max_size=400), st.sampled_from(["", "JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "PPM"]))
def test_no_bytes_whatever_crash_the_reader(noise: bytes, image_format: str) -> None:
    data = noise if not image_format else encode(photo(8, 8), image_format)[: len(noise) or 8] + noise
    try:
        pixels = read_image(data)
    except UnreadableImage:
        return
    assert pixels.ndim == 3


# ---- the fast path


@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_the_fast_decoder_gives_the_pixels_of_pillow(mode: str, progressive: bool, subsampling: int) -> None:
    image = Image.fromarray(photo(333, 217)).convert(mode)
    data = encode(image, "JPEG", subsampling=subsampling, progressive=progressive, quality=80)
    expected = Image.open(io.BytesIO(data)).convert("RGB")
    np.testing.assert_array_equal(read_image(data), np.asarray(expected))


@pytest.mark.parametrize("factor", [2, 4, 8])
def test_scaled_decoding_gives_the_pixels_of_pillows_draft(factor: int) -> None:
    data = encode(photo(643, 481), "JPEG")
    drafted = Image.open(io.BytesIO(data))
    drafted.draft("RGB", (643 // factor, 481 // factor))
    shorter_side = int(481 / factor / 1.5)
    assert choose_factor(643, 481, shorter_side) == factor
    np.testing.assert_array_equal(read_image(data, shorter_side=shorter_side), np.asarray(drafted))


@given(st.integers(1, 6000), st.integers(1, 6000), st.integers(8, 512))
def test_scaled_decoding_never_falls_below_one_and_a_half_times_the_shorter_side(
    width: int, height: int, side: int
) -> None:
    factor = choose_factor(width, height, side)
    assert factor == 1 or min(width, height) / factor >= 1.5 * side


def test_scaled_decoding_reads_jpegs_that_would_be_too_large_in_full() -> None:
    data = encode(photo(400, 400), "JPEG")
    limits = Limits(max_pixels=50_000)
    assert refusal_of(data, limits=limits) == Refusal.TOO_LARGE
    assert read_image(data, shorter_side=32, limits=limits).shape == (50, 50, 3)
    assert refusal_of(data, shorter_side=32, limits=Limits(max_pixels=30_000)) == Refusal.TOO_LARGE


def test_what_the_fast_decoder_warns_of_is_left_to_pillow() -> None:
    data = encode(photo(), "JPEG")
    data = data[:-2] + b"\0\0\0" + data[-2:]
    with pytest.raises(ValueError, match="extraneous bytes"):
        simplejpeg.decode_jpeg(data)
    np.testing.assert_array_equal(read_image(data), read_image(encode(photo(), "JPEG")))


def test_many_threads_read_the_same_as_one() -> None:
    sources = [encode(photo(200 + i, 150), image_format) for i in range(12) for image_format in ("JPEG", "PNG", "WEBP")]
    alone = [read_image(source) for source in sources]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(read_image, sources * 4))
    for index, pixels in enumerate(together):
        np.testing.assert_array_equal(pixels, alone[index % len(alone)])


def test_reading_changes_nothing_for_the_whole_process() -> None:
    def state() -> tuple[object, ...]:
        return Image.MAX_IMAGE_PIXELS, sorted(Image.OPEN), threading.active_count()

    Image.init()
    before = state()
    read_image(encode(photo(), "JPEG"))
    assert refusal_of(encode(photo(), "PNG")[:-30]) == Refusal.TRUNCATED
    assert state() == before


# ---- read and fit


@pytest.mark.parametrize("resize", ["crop", "pad", "squash"])
@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (7, 5), (2000, 1500)])
def test_load_image_gives_a_square_of_the_specs_size(resize: Any, size: tuple[int, int]) -> None:
    pixels = load_image(encode(photo(*size), "JPEG"), ImageSpec(size=32, resize=resize))
    assert pixels.shape == (32, 32, 3)
    assert pixels.dtype == np.uint8


def test_scaled_decoding_changes_a_photo_by_less_than_another_filter_would() -> None:
    data = pytest.importorskip("skimage.data", reason="scikit-image brings the photo")
    encoded = encode(data.astronaut(), "JPEG", quality=92)
    assert choose_factor(512, 512, 64) == 4
    scaled = load_image(encoded, ImageSpec(size=64, resize="squash")).astype(int)
    full = Image.fromarray(read_image(encoded))
    bilinear = np.asarray(full.resize((64, 64), Image.Resampling.BILINEAR)).astype(int)
    bicubic = np.asarray(full.resize((64, 64), Image.Resampling.BICUBIC)).astype(int)
    assert np.abs(scaled - bilinear).mean() < np.abs(bicubic - bilinear).mean()
