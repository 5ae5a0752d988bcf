"""A torch module becomes an ONNX file that says the same."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn

from hubel.core.errors import MissingExtraError, ModelError
from hubel.core.files import atomic_path
from hubel.core.language import say
from hubel.core.silence import import_onnxruntime
from hubel.models.graph import OPSET

CAPTURED_OPSET = 18
"""The oldest operator set that torch's newer exporter writes of itself."""
TOLERANCE = 1e-4
"""How far the graph may be from the module, relative to the largest value."""
LARGEST_GRAPH_BYTES = 2**31 - 2**24
"""A protobuf message ends at 2 GiB; a little is left for the nodes."""

Exporter = Callable[[nn.Module, int, bool, Path], None]
Checks = dict[int, tuple[np.ndarray, np.ndarray]]
"""By size: pixels, and what the module makes of them."""


def convert_module(module: nn.Module, sizes: tuple[int, ...], path: Path) -> tuple[tuple[int, ...], int]:
    """Write a module from pixels to features as ONNX, and check in ONNX Runtime that it says the same.

    The exporter that records a run is tried first: it takes seconds where the one that captures the program takes half
    a minute, but it can miss what depends on the size. So every graph is compared with the module at all sizes and with
    another number of images than it was made from; where it is wrong, the first size alone is tried, then the other exporter.

    Parameters
    ----------
    module
        Maps pixels uint8 (n h w 3) to features float (n d).
    sizes
        The input sizes in question, the usual one first.
    path
        The file to write.

    Returns
    -------
    tuple
        The sizes at which the graph is right, and d.

    Raises
    ------
    MissingExtraError
        When a package that the exporters need is not installed.
    ModelError
        When the module gives no features, is larger than a graph can be, or no exporter can write it.
    """
    refuse_too_large(module)
    checks = expected_features(module, sizes)
    width = checks[sizes[0]][1].shape[1]
    problems: list[Exception] = []
    for export, tried in itertools.product(
        (export_recorded, export_captured), dict.fromkeys((tuple(checks), sizes[:1]))
    ):
        try:
            with atomic_path(path) as temporary:
                export(module, sizes[0], len(tried) > 1, temporary)
                compare(temporary, {size: checks[size] for size in tried})
        except ImportError as error:
            raise MissingExtraError(error.name or "onnxscript", "torch") from error
        except Exception as error:  # noqa: BLE001 # exporters raise whatever they stumble over; the next way is tried
            problems.append(error)
        else:
            return tried, width
    reason = str(problems[-1]).strip().splitlines()[0] if str(problems[-1]).strip() else type(problems[-1]).__name__
    raise ModelError(
        say(
            en=f"The network cannot be converted to ONNX: {reason}. Choose another base; `efficientnet_lite0` is always there.",
            ko=f"이 네트워크는 ONNX로 변환할 수 없습니다: {reason}. 다른 베이스를 고르세요. `efficientnet_lite0`은 항상 쓸 수 있습니다.",
        )
    ) from problems[-1]


def refuse_too_large(module: nn.Module) -> None:
    """Refuse what one ONNX file cannot hold."""
    num_bytes = sum(tensor.numel() * tensor.element_size() for tensor in module.state_dict().values())
    if num_bytes > LARGEST_GRAPH_BYTES:
        gibibytes = f"{num_bytes / 2**30:.1f} GiB"
        raise ModelError(
            say(
                en=f"The network's weights are {gibibytes}; one ONNX file holds 2 GiB. Choose a smaller model of the same family.",
                ko=f"네트워크의 가중치가 {gibibytes}이며, ONNX 파일 하나에는 2 GiB까지 들어갑니다. 같은 계열의 더 작은 모델을 고르세요.",
            )
        )


def expected_features(module: nn.Module, sizes: tuple[int, ...]) -> Checks:
    """What the module says of noise, at each size that it accepts with the same number of features."""
    noise = np.random.default_rng(0)
    checks: Checks = {}
    for size in sizes:
        pixels = noise.integers(0, 256, (3, size, size, 3), dtype=np.uint8)
        try:
            with torch.inference_mode():
                features = np.asarray(module(torch.from_numpy(pixels)))
        except Exception:  # networks refuse a size each in its own way; the first must do, the others need not
            if size == sizes[0]:
                raise
            continue
        if features.ndim != 2:
            raise ModelError(
                say(
                    en=f"The network gives an array of shape {features.shape} for 3 images, not one row of features each. Choose another base.",
                    ko=f"네트워크가 이미지 3장에 대해 한 줄씩의 특징이 아니라 {features.shape} 모양의 배열을 냅니다. 다른 베이스를 고르세요.",
                )
            )
        if not checks or features.shape == checks[sizes[0]][1].shape:
            checks[size] = pixels, features
    return checks


def export_recorded(module: nn.Module, size: int, any_size: bool, path: Path) -> None:
    """Write the operators of one recorded run (torch's older exporter)."""
    axes = {0: "n", 1: "h", 2: "w"} if any_size else {0: "n"}
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")  # it announces its age, and every branch that `compare` judges
        torch.onnx.export(
            module,
            (example(size),),
            path,
            input_names=["pixels"],
            output_names=["features"],
            dynamic_axes={"pixels": axes, "features": {0: "n"}},
            opset_version=OPSET,
            dynamo=False,
        )


def export_captured(module: nn.Module, size: int, any_size: bool, path: Path) -> None:
    """Write the program as torch.export captures it (torch's newer exporter)."""
    free = torch.export.Dim.DYNAMIC
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")  # about the exporter's own parts
        program = torch.onnx.export(
            module,
            (example(size),),
            input_names=["pixels"],
            output_names=["features"],
            dynamic_shapes={"pixels": {0: free, 1: free, 2: free} if any_size else {0: free}},
            opset_version=CAPTURED_OPSET,
            dynamo=True,
            verbose=False,
        )
    if program is None:
        raise RuntimeError("torch's exporter returned nothing")
    program.save(path, external_data=False)


def example(size: int) -> torch.Tensor:
    """Two images to run the network on; one would be taken for a constant."""
    noise = np.random.default_rng(1)
    return torch.from_numpy(noise.integers(0, 256, (2, size, size, 3), dtype=np.uint8))


def compare(path: Path, checks: Checks) -> None:
    """Raise when the graph is not as near to the module as it must be."""
    onnxruntime = import_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what fails is raised, it need not be logged too
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    for size, (pixels, expected) in checks.items():
        (features,) = session.run(["features"], {"pixels": pixels})
        distance = float(np.abs(features - expected).max() / np.abs(expected).max())
        if not distance <= TOLERANCE:
            raise RuntimeError(f"at {size} pixels the graph differs by {distance:.2g} of the largest value")
