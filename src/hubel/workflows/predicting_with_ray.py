"""`predict --engine ray`: the same answers by many processes, on this machine or on a cluster, with Ray Data.

Names go out in batches as they would to a thread, every worker opens the run once, and the answers come back in order. Of a
folder of any size only `AT_ONCE` names are known at a time.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hubel.core.answers import Limits
from hubel.core.decision import Wish
from hubel.core.errors import HubelError, MissingExtraError, UsageError
from hubel.core.language import say
from hubel.core.parallel import batches, usable_cores
from hubel.data.images import ImageSource
from hubel.runtime.engines import BATCH_SIZE

if TYPE_CHECKING:
    from hubel.workflows.predicting import Prediction

RAY = "ray"
"""What stands in the place of an engine's name."""
AT_ONCE = 2**16
"""So many images make one data set of Ray's; the workers open the run once for each."""
BATCHES_IN_BLOCK = 16
"""So many batches a worker takes at a time."""
SILENT = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_BACKEND_LOG_LEVEL": "fatal"}
"""What keeps Ray from reporting its use, and its parts in C++ from talking: what goes wrong comes as an exception."""


class Answering:
    """One of Ray's workers: a run made ready, which answers batches of paths.

    Parameters
    ----------
    run
        The run folder.
    top_k, at_least, limits
        As for `predicting.predict`.
    """

    def __init__(self, run: str, top_k: int, at_least: Sequence[Wish], limits: Limits) -> None:
        from hubel.workflows.predicting import open_for_answers

        self.predictor, self.top_k = open_for_answers(Path(run), at_least=at_least, limits=limits), top_k

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """The answers to one batch, in JSON: {"names": as the user wrote them, "folder": where} → {"answers": predictions}."""
        from hubel.workflows.predicting import predict_batch

        names = json.loads(row["names"])
        answers = predict_batch(self.predictor, [Path(row["folder"], name) for name in names], self.top_k)
        records = [asdict(answer) | {"path": name} for answer, name in zip(answers, names, strict=True)]
        return {"answers": json.dumps(records)}


def predict_with_ray(
    run: Path, sources: Iterable[ImageSource], *, top_k: int, at_least: Sequence[Wish], limits: Limits
) -> Iterator[Prediction]:
    """What `predicting.predict` gives, made by Ray's workers: one for each processor that Ray has.

    Ray is started on this machine, and ended again, unless the environment names a cluster (``RAY_ADDRESS``); run and images must
    then lie where every machine of it finds them.

    Parameters
    ----------
    run
        A run folder; it is opened here first, so that what is wrong with it is said as ever.
    sources
        Paths.
    top_k, at_least, limits
        As for `predicting.predict`.

    Raises
    ------
    MissingExtraError
        When Ray is not installed.
    HubelError
        When the run cannot be opened, or Ray fails.
    """
    from hubel.workflows.predicting import open_for_answers

    names, folder = (name_of(source) for source in sources), str(Path.cwd())
    open_for_answers(run, at_least=at_least, limits=limits)
    arguments = (str(run.absolute()), top_k, tuple(at_least), limits)
    with ray_ready() as ray:
        number = max(1, int(ray.cluster_resources().get("CPU", 1)))
        while part := list(islice(names, AT_ONCE)):
            rows = [{"names": json.dumps(batch), "folder": folder} for batch in batches(part, BATCH_SIZE)]
            blocks = -(-len(rows) // BATCHES_IN_BLOCK)
            data = ray.data.from_items(rows, override_num_blocks=max(blocks, min(number, len(rows))))
            pool = ray.data.ActorPoolStrategy(size=min(number, len(rows)))
            answered = data.map(Answering, fn_constructor_args=arguments, num_cpus=1, compute=pool)
            try:
                for row in answered.iter_rows():
                    yield from (prediction_of(record) for record in json.loads(row["answers"]))
            except ray.exceptions.RayError as error:
                raise ray_failed(error) from error


@contextmanager
def ray_ready() -> Iterator[Any]:
    """Ray, started for this alone and silent, or connected to the cluster that the environment names."""
    for name, value in SILENT.items():
        os.environ.setdefault(name, value)
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise MissingExtraError(error.name or "ray", "ray") from error
    if not ray.is_initialized():
        here: dict[str, Any] = (
            {} if "RAY_ADDRESS" in os.environ else {"num_cpus": usable_cores(), "include_dashboard": False}
        )
        ray.init(logging_level=logging.ERROR, log_to_driver=False, **here)
        ends: Any = ray.shutdown
    else:
        ends = lambda: None  # noqa: E731  who started it ends it
    logging.getLogger("ray").setLevel(logging.ERROR)
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    context = ray.data.DataContext.get_current()
    context.execution_options.preserve_order = True
    context.enable_progress_bars = False
    try:
        yield ray
    finally:
        ends()


def name_of(source: ImageSource) -> str:
    """The name of a file, which another process can open, too.

    Raises
    ------
    UsageError
        When it is no file.
    """
    if isinstance(source, str | os.PathLike):
        return os.fsdecode(source)
    kind = type(source).__name__
    raise UsageError(
        say(
            en=f"With the engine ray only files can be predicted, got {kind}. Give paths, or leave the engine out.",
            ko=f"ray 엔진으로는 파일만 예측할 수 있지만 {kind} 을(를) 받았습니다. 경로를 주거나 엔진을 지정하지 마세요.",
        )
    )


def prediction_of(record: dict[str, Any]) -> Prediction:
    """A prediction of its JSON."""
    from hubel.workflows.predicting import Prediction

    record["top"] = tuple((label, share) for label, share in record["top"])
    record["choices"] = tuple(record["choices"])
    record["labels"] = None if record["labels"] is None else tuple(record["labels"])
    return Prediction(**record)


def ray_failed(error: Exception) -> HubelError:
    """What went wrong in Ray, its last line first."""
    reason = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
    return HubelError(
        say(
            en=f"Ray could not finish: {reason}. Run it again, or without --engine ray.",
            ko=f"Ray가 작업을 끝내지 못했습니다: {reason}. 다시 실행하거나 --engine ray 없이 실행하세요.",
        )
    )
