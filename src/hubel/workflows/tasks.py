"""The two tasks, one class an image or any number of labels: the one place where a training takes its way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hubel.data.dataset import Dataset
from hubel.train.learn import Learned, learn
from hubel.train.multilabel import learn_labels
from hubel.train.options import TrainOptions
from hubel.train.session import Session
from hubel.workflows.label_outcome import label_outcome
from hubel.workflows.not_for_labels import refuse_options
from hubel.workflows.run_folder import Outcome, class_outcome


@dataclass(frozen=True, slots=True)
class Task:
    """How a task learns from features, and what it makes of what was learned."""

    learn: Callable[..., Learned]
    judge: Callable[[Session, Learned, str], Outcome]


CLASSES = Task(learn, class_outcome)
LABELS = Task(learn_labels, label_outcome)


def task_of(dataset: Dataset) -> Task:
    """The task that the data set."""
    return CLASSES if dataset.label_sets is None else LABELS


def check_fits(options: TrainOptions, dataset: Dataset) -> None:
    """Refuse options that do not go with the task.

    Raises
    ------
    UsageError
        When there is one.
    """
    refuse_options(
        several=dataset.label_sets is not None,
        accept_error=options.accept_error,
        at_least=options.at_least,
        by=options.by,
    )
