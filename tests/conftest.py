"""What every test may ask for: real data, a golden file, a cache of its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from support import ROOT, shared_folder, unpack

if "PYTEST_XDIST_WORKER" in os.environ:  # one process a core; torch's threads would only wait for each other's
    os.environ.setdefault("OMP_NUM_THREADS", "1")
# Some tests use ONNX Runtime directly; its telemetry is silenced here, and in hubel by hubel itself.
os.environ["ORT_DISABLE_TELEMETRY"] = os.environ["ORT_TELEMETRY_DISABLED"] = "1"

# Timing is noisy on shared machines, so there is no deadline; examples are the same in every run.
settings.register_profile("fast", max_examples=25, deadline=None, derandomize=True)
settings.register_profile(
    "thorough", max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("fast")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--accept", action="store_true", help="write the golden files anew instead of comparing with them")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever asks for real data bears the marker `data` without writing it."""
    for item in items:
        if "shared_data" in getattr(item, "fixturenames", ()):
            item.add_marker("data")


@pytest.fixture(scope="session", autouse=True)
def own_surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A cache that nobody else uses, and English; child processes inherit both."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUBEL_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("HUBEL_LANG", "en")
        yield


@pytest.fixture
def accept(request: pytest.FixtureRequest) -> bool:
    """True when golden files are to be written anew (`pytest --accept`)."""
    return bool(request.config.getoption("--accept"))


@pytest.fixture
def golden(accept: bool) -> Callable[[str, str], None]:
    """`golden("confusion.json", text)` compares a text with `tests/golden/confusion.json`, or writes it under --accept."""

    def compare(name: str, text: str) -> None:
        file = ROOT / "tests" / "golden" / name
        if accept:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        assert file.exists(), f"{file} is missing; `pytest --accept` writes it, then read it before you commit it"
        assert text == file.read_text(encoding="utf-8"), f"{name} changed; `pytest --accept` if that is meant"

    return compare


@pytest.fixture(scope="session")
def shared_data(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """`shared_data("catsdogs")` is the folder of a real data set, unpacked once a session; the test skips without it.

    The folder is shared by all tests: read it, never write into it.
    """
    unpacked: dict[str, Path] = {}

    def folder(name: str) -> Path:
        if name not in unpacked:
            unpacked[name] = unpack(name, tmp_path_factory.mktemp(name))
        return unpacked[name]

    def folder_or_skip(name: str) -> Path:
        if not shared_folder().is_dir():
            pytest.skip(f"the real images are not here: {shared_folder()} (HUBEL_TEST_DATA names another place)")
        try:
            return folder(name)
        except FileNotFoundError as error:
            pytest.skip(str(error))

    return folder_or_skip


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium to look at pages with; the test skips where there is none."""
    path = os.environ.get("HUBEL_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("there is no Chromium on this machine (HUBEL_TEST_CHROMIUM names one)")
    return path
