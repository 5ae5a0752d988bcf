"""What comes of a search: a table, a picture, and how the best trial is trained again."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

from hubel.core.files import write_atomically
from hubel.data.own_tables import write_table
from hubel.evaluate.importance import importance_svg
from hubel.train.options import TrainOptions
from hubel.train.space import Space
from hubel.train.strategies import STRATEGIES, scratch_with, tuning_with, written
from hubel.train.study import TRIALS_FOR_IMPORTANCE, Row
from hubel.workflows.opening import called
from hubel.workflows.trial_material import Prepared
from hubel.workflows.tune_options import TuneOptions

TRIALS, IMPORTANCE, IMAGES = "trials.csv", "importance.svg", "images.csv"


def data_for(source: str, folder: Path, prepared: Prepared, strategy: str) -> str:
    """What to train the best on: the source, or a table where only that keeps the measuring images apart.

    A head on a frozen base is measured by cross-validation on all images where the user has no test part. These include those
    that chose between the trials, so the figure would flatter.
    """
    if STRATEGIES[strategy].needs == "pixels" or prepared.division.protocol != "holdout":
        return source
    measured = set(prepared.division.measured.tolist())
    rows = (
        (str(Path(path).absolute()), label, "test" if row in measured else "train")
        for row, (path, label) in enumerate(zip(prepared.paths, prepared.labels, strict=True))
    )
    write_table(folder / IMAGES, ("file_name", "label", "split"), rows)
    return str(folder / IMAGES)


def command_of(data: str, options: TuneOptions, best: Row) -> str:
    """The command that trains the best trial."""
    strategy = STRATEGIES[str(best.settings["strategy"])]
    words = ["hubel", "train", called(data), *strategy.words(options.scratch, best.settings)]
    if options.size is not None and strategy.needs == "pixels":
        words += ["--size", str(options.size)]
    if options.seed:
        words += ["--seed", str(options.seed)]
    if options.out is not None:
        words += ["--out", str(options.out)]
    return shlex.join(words)


def options_of(options: TuneOptions, best: Row, prepared: Prepared) -> TrainOptions:
    """The same as options of a training."""
    plain = TrainOptions(out=options.out, seed=options.seed)
    needs = STRATEGIES[str(best.settings["strategy"])].needs
    if needs == "features":
        return plain
    if needs != "pixels":
        return replace(plain, tuning=tuning_with(options.scratch, best.settings))
    scratch = scratch_with(options.scratch, best.settings, prepared.material.num_images)
    return replace(plain, model=scratch.network, scratch=scratch, size=options.size)


def write_outcome(folder: Path, space: Space, rows: list[Row], importance: dict[str, float]) -> None:
    """The trials as a table, and the importance as a picture."""
    names = ["strategy", *(name for name in space.candidates if name != "strategy")]
    columns = ("trial", "state", "validation_accuracy", "validation_loss", "epochs", "seconds", *names, "failure")
    table = (
        (
            row.number, row.state, *(None if value is None else f"{value:.6g}" for value in (row.accuracy, row.loss)),
            row.epochs, f"{row.seconds:.3f}",
            *(written(row.settings[name]) if name in row.settings else None for name in names), row.reason or None,
        )
        for row in rows
    )  # fmt: skip
    write_table(folder / TRIALS, columns, table)
    picture = importance_svg(importance, num_trials=len(rows), enough=TRIALS_FOR_IMPORTANCE)
    write_atomically(folder / IMPORTANCE, picture)
