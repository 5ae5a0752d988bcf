"""A file of weights as named tensors, read without running anything that is in it."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hubel.core.errors import MissingExtraError, ModelError
from hubel.core.language import say

if TYPE_CHECKING:
    from torch import Tensor

PICKLES = (".pth", ".pt", ".bin")
SUFFIXES = (".safetensors", *PICKLES)
"""The kinds of checkpoint that are read."""
WRAPPERS = ("state_dict", "model_state_dict", "model", "module", "net", "weights")
"""The names under which training scripts keep the weights beside their other records."""
PREFIXES = ("module.", "model.", "_orig_mod.", "backbone.")
"""What wrappers such as DistributedDataParallel, Lightning and torch.compile put before the names."""


def read_checkpoint(path: Path) -> dict[str, Tensor]:
    """The tensors of a checkpoint by name, on the CPU.

    A pickle is read by torch's restricted reader, which knows tensors and plain containers and nothing that could run.

    Raises
    ------
    ModelError
        When the file is missing, damaged, of another kind, or would run code.
    MissingExtraError
        When torch or safetensors is not installed.
    """
    check_checkpoint(path)
    content = read_pickle(path) if path.suffix.lower() in PICKLES else read_safetensors(path)
    tensors = find_tensors(content)
    if not tensors:
        raise ModelError(
            say(
                en=f"There are no weights in {path}: {described(content)}. Save the weights with torch.save(model.state_dict(), FILE).",
                ko=f"{path} 에 가중치가 없습니다: {described(content)}. torch.save(model.state_dict(), FILE)로 가중치를 저장하세요.",
            )
        )
    return tensors


def check_checkpoint(path: Path) -> None:
    """Refuse a file that is not there or not a checkpoint by its name; needs no torch."""
    if path.suffix.lower() not in SUFFIXES:
        raise ModelError(
            say(
                en=f"{path} is not a checkpoint by its name: {path.suffix or 'no ending'}. Give a file of one of: {', '.join(SUFFIXES)}",
                ko=f"{path} 은(는) 이름으로 보아 체크포인트가 아닙니다: {path.suffix or '확장자 없음'}. 다음 형식의 파일을 지정하세요: {', '.join(SUFFIXES)}",
            )
        )
    if not path.is_file():
        raise ModelError(
            say(
                en=f"There is no checkpoint file at {path}. Check the path after the @ sign.",
                ko=f"{path} 에 체크포인트 파일이 없습니다. @ 기호 뒤의 경로를 확인하세요.",
            )
        )


def network_of(path: Path) -> str:
    """The network whose weights `hubel train` says a .safetensors file holds, without ``@FILE``; empty of other files.

    Raises
    ------
    ModelError, MissingExtraError
        As `read_checkpoint`.
    """
    check_checkpoint(path)
    if path.suffix.lower() in PICKLES:
        return ""
    try:
        from safetensors import SafetensorError, safe_open
    except ImportError as error:
        raise MissingExtraError(error.name or "safetensors", "torch") from error
    try:
        with safe_open(path, framework="np") as opened:
            record = json.loads((opened.metadata() or {}).get("hubel", "{}"))
    except (SafetensorError, OSError, ValueError) as error:
        raise damaged(path, error) from error
    return str(record.get("network", "")).partition("@")[0]


def read_safetensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a .safetensors file."""
    try:
        from safetensors import SafetensorError
        from safetensors.torch import load_file
    except ImportError as error:
        raise MissingExtraError(error.name or "safetensors", "torch") from error
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise damaged(path, error) from error


def read_pickle(path: Path) -> object:
    """What is in a file that torch.save wrote, so long as it is tensors and plain containers."""
    import pickle

    try:
        import torch
    except ImportError as error:
        raise MissingExtraError("torch", "torch") from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch muses on the age of the format
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        found = re.search(r"GLOBAL (\S+)", str(error))
        wanted = found.group(1) if found else "an instruction beyond tensors"
        raise ModelError(
            say(
                en=f"{path} holds more than weights ({wanted}); such a file can run code when it is read, so it was not read. "
                "Where it was made, save only the weights: torch.save(model.state_dict(), FILE), or a .safetensors file.",
                ko=f"{path} 에 가중치가 아닌 것이 들어 있습니다({wanted}). 이런 파일은 읽을 때 코드를 실행할 수 있으므로 읽지 않았습니다. "
                "파일을 만든 곳에서 가중치만 저장하세요: torch.save(model.state_dict(), FILE) 또는 .safetensors 파일.",
            )
        ) from error
    except Exception as error:  # damage comes as whatever the reader's parts raise: RuntimeError, EOFError, KeyError
        raise damaged(path, error) from error


def find_tensors(content: object) -> dict[str, Tensor]:
    """The named tensors of a checkpoint, also where a training script wrapped them among its other records."""
    from torch import Tensor

    if not isinstance(content, Mapping):
        return {}
    tensors = {str(name): value for name, value in content.items() if isinstance(value, Tensor)}
    if tensors:
        return tensors
    wrapped = (find_tensors(content[name]) for name in WRAPPERS if name in content)
    return next((tensors for tensors in wrapped if tensors), {})


def plain_names(tensors: dict[str, Tensor], wanted: Collection[str]) -> dict[str, Tensor]:
    """The tensors under the names a network knows, without the prefixes that wrappers add.

    Examples
    --------
    >>> plain_names({"module.model.fc.weight": 1, "model.0.bias": 2}, {"fc.weight", "model.0.bias"})
    {'fc.weight': 1, 'model.0.bias': 2}
    """
    return {plain_name(name, wanted): tensor for name, tensor in tensors.items()}


def plain_name(name: str, wanted: Collection[str]) -> str:
    """One name without prefixes, as soon as it is one that is wanted."""
    prefix = next((prefix for prefix in PREFIXES if name.startswith(prefix)), None)
    if name in wanted or prefix is None:
        return name
    return plain_name(name.removeprefix(prefix), wanted)


def damaged(path: Path, error: Exception) -> ModelError:
    """The error for a file that cannot be read to its end."""
    reason = f"{type(error).__name__}: {error}".splitlines()[0].rstrip(": ")
    return ModelError(
        say(
            en=f"{path} is damaged or is not a checkpoint ({reason}). Download or save it again.",
            ko=f"{path} 이(가) 손상되었거나 체크포인트가 아닙니다({reason}). 다시 내려받거나 다시 저장하세요.",
        )
    )


def described(content: Any) -> str:
    """What was found in place of weights, in a few words."""
    if isinstance(content, Mapping):
        names = ", ".join(str(name) for name in list(content)[:5])
        return f"{type(content).__name__} ({names})"
    return type(content).__name__
