"""The run folder behind a classifier: opened once, gone with its owner, carried along by pickle, saved whole."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import weakref
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from hubel.core.card import Card, read_card
from hubel.core.errors import ModelError
from hubel.core.files import atomic_path, write_atomically
from hubel.core.language import say
from hubel.core.rundir import CARD, REPORT, new_run_folder
from hubel.core.types import PixelBatch
from hubel.estimator.bases import ParameterError
from hubel.estimator.parameters import PARAMETERS
from hubel.estimator.strategies import parameters_of
from hubel.runtime.engines import BATCH_SIZE, EXACT_ENGINE, Engine
from hubel.runtime.predictor import Predictor
from hubel.workflows import load_predictor

NOTES = "estimator.json"
"""What `fit` adds to a run folder: the parameters, and each class's label in the type in which it was given."""


class OwnedRun:
    """A run folder and what is open of it. A `temporary` folder is removed when nobody holds this any more.

    Parameters
    ----------
    folder
        The run folder.
    temporary
        The folder to remove with this, which holds `folder`; None to leave everything.
    """

    def __init__(self, folder: Path, temporary: Path | None = None) -> None:
        self.folder = folder
        self.card: Card = read_card(folder / CARD)
        self._predictors: dict[str, Predictor] = {}
        if temporary is not None:
            weakref.finalize(self, shutil.rmtree, temporary, ignore_errors=True)

    def predictor(self, engine: str | None) -> Predictor:
        """The run on that engine, checked against its golden images; by default the exact one.

        One engine for all calls: what is said of an image must not depend on how many come with it.
        """
        engine = engine or EXACT_ENGINE
        if engine not in self._predictors:
            predictor = load_predictor(self.folder, engine=engine)
            self._predictors[engine] = replace(predictor, engine=in_full_batches(predictor.engine))
        return self._predictors[engine]

    def save(self, folder: Path) -> Path:
        """Copy everything to a new folder and return it."""
        if os.path.lexists(folder):
            raise _exists(folder)
        with new_run_folder(folder) as (hidden, final):
            shutil.copytree(self.folder, hidden, dirs_exist_ok=True)
        return final

    def save_report(self, path: Path) -> Path:
        """Copy the report, which is one file, to a new place and return that."""
        if os.path.lexists(path):
            raise _exists(path)
        with atomic_path(path) as hidden:
            shutil.copyfile(self.folder / REPORT, hidden)
        return path

    def __reduce__(self) -> tuple[Callable[[dict[str, bytes]], OwnedRun], tuple[dict[str, bytes]]]:
        """All files, so that copies and other processes have a run folder of their own."""
        files = sorted(path for path in self.folder.rglob("*") if path.is_file())
        return unpacked_run, ({path.relative_to(self.folder).as_posix(): path.read_bytes() for path in files},)


def in_full_batches(engine: Engine) -> Engine:
    """The engine, given whole batches only where its arithmetic is short: there, a row depends a little on how many there are."""
    if not engine.name.endswith("bf16"):
        return engine

    def run(pixels: PixelBatch) -> dict[str, np.ndarray]:
        num_images = len(pixels)
        empty = np.zeros((-num_images % BATCH_SIZE, *pixels.shape[1:]), np.uint8)
        outputs = engine.run(np.concatenate([pixels, empty]))
        return {name: values[:num_images] for name, values in outputs.items()}

    return replace(engine, run=run)


def unpacked_run(files: dict[str, bytes]) -> OwnedRun:
    """A run in a temporary folder of its own, from the content of its files."""
    temporary = Path(tempfile.mkdtemp(prefix="hubel-"))
    for name, content in files.items():
        path = temporary / "run" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return OwnedRun(temporary / "run", temporary)


def write_notes(run: OwnedRun, parameters: Mapping[str, Any], *, labels: Mapping[str, Any], kind: str) -> None:
    """Write what a card has no place for: the parameters, and the label of every class with NumPy's name of their type."""
    content = {"parameters": dict(parameters), "labels": dict(labels), "kind": kind}
    write_atomically(run.folder / NOTES, json.dumps(content, indent=1, default=_as_json))


def read_notes(run: OwnedRun) -> tuple[dict[str, Any], dict[str, Any], str]:
    """The parameters, the labels by class name and their type; of a run that the command line made, what its card says.

    Raises
    ------
    ModelError
        When the notes are damaged or belong to another run.
    """
    path, card = run.folder / NOTES, run.card
    if not path.exists():
        image = card.image
        parameters = {"model": card.base.name, "seed": card.provenance.seed, "views": len(card.views)}
        limits = {
            "reject": card.unknown.reject if card.unknown else 0.0,
            "accept_error": card.sets.accept_error if card.sets else None,
        }
        return (
            parameters | parameters_of(card) | {"size": image.size, "resize": image.resize} | limits,
            {name: name for name in card.classes},
            "str",
        )
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        parameters, labels, kind = dict(content["parameters"]), dict(content["labels"]), str(content["kind"])
        np.array(list(labels.values()), np.dtype(kind))
        if set(labels) != set(card.classes) or np.dtype(kind).kind not in "biufUO" or set(parameters) - set(PARAMETERS):
            raise ValueError(f"{', '.join(map(str, (*parameters, *labels)))}"[:200])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            say(
                en=f"{path} is damaged or belongs to another run: {error}. Restore the folder or train again.",
                ko=f"{path} 파일이 손상되었거나 다른 실행의 것입니다: {error}. 폴더를 복원하거나 다시 학습하세요.",
            )
        ) from error
    return parameters, labels, kind


def _as_json(value: object) -> object:
    """A parameter that JSON does not know: a number of NumPy's, or a path."""
    return value.item() if isinstance(value, np.generic) else str(value)


def _exists(path: Path) -> ParameterError:
    return ParameterError(
        say(
            en=f"{path} exists already, and nothing is overwritten. Choose another name, or remove it first.",
            ko=f"{path} 이(가) 이미 있으며 덮어쓰지 않습니다. 다른 이름을 고르거나 먼저 지우세요.",
        )
    )
