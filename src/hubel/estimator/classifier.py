"""`ImageClassifier`: fit, predict, score, save and load, each a few lines over a workflow."""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

from hubel.core.answers import DEFAULT_REJECT
from hubel.core.card import Card, Metrics, Resize
from hubel.core.errors import MissingExtraError
from hubel.core.events import Finished
from hubel.core.language import say
from hubel.core.rundir import REPORT, find_run, safe_run_name
from hubel.core.types import Probabilities
from hubel.estimator.asking import ask
from hubel.estimator.bases import BaseEstimator, ClassifierMixin, UnfittedError, as_value_errors
from hubel.estimator.inputs import (
    check_labels,
    different_lengths,
    files_set_aside,
    image_sequence,
    is_source,
    labels_twice,
    names_of,
    no_labels,
    write_table,
)
from hubel.estimator.label_lists import as_columns, label_lists
from hubel.estimator.owned_run import OwnedRun, read_notes, write_notes
from hubel.estimator.parameters import train_options
from hubel.evaluate.conformal import ClassSets
from hubel.evaluate.deciding import decide
from hubel.runtime.engines import installed
from hubel.runtime.predictor import Said
from hubel.workflows import Evaluation, evaluate, train
from hubel.workflows.limits import answers_of


class ImageClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc] # scikit-learn has no types
    """A classifier of images with the manners of scikit-learn.

    `fit` takes the name of labelled data (a folder of class folders, a table, a built-in set), or a sequence of images
    with their labels. An image is a path, an encoded file's bytes, a PIL image or an array; the images of a sequence may
    differ in size. What ``hubel train`` would write stands in `run_`, a temporary folder that goes when the classifier
    goes; `save` keeps it.

    Parameters
    ----------
    model
        The pretrained base: ``efficientnet_lite0`` (comes along), a name of timm, or a checkpoint file. From scratch a network of
        ``hubel models``, such as ``lenet5``; the base that comes along stands for ``hubel_small`` then.
    strategy
        ``features`` fits a head on what the base says of each image; ``scratch`` trains all of a network, which needs the extra
        ``torch``.
    recipe
        From scratch, how: ``classic``, ``fast`` or ``sprint``; None is ``classic``.
    epochs
        From scratch, how often every image is seen at most; None leaves it to the recipe.
    budget
        Seconds for the whole of `fit`; None takes what is needed.
    seed
        For the folds and the order of reading.
    views
        In how many views each image is shown, 1 to 4; None adds them while they help.
    size
        The side of the input in pixels, 32 to 1024 (from 8 on from scratch); None chooses.
    resize
        How pictures become squares: crop, pad or squash; ``auto`` chooses by their shapes.
    engine
        What runs the base and the model, such as ``onnxruntime-f32``; None chooses, and predicts with what it learned with.
    reject
        The share of images of the known classes that `predict_sets` may call unknown, below 0.5; 0 calls none so.
    accept_error
        The share of images whose answer in `predict_sets` may lack the true class, so that doubtful ones get several; None
        names one always.

    Attributes
    ----------
    classes_
        The k labels, sorted, in the type in which they were given.
    card_
        Everything that is known of the model.
    metrics_
        What was measured on images that the model had not learned from.
    run_
        The run folder.

    Examples
    --------
    >>> ImageClassifier(size=224).size
    224
    """

    classes_: np.ndarray
    card_: Card
    metrics_: Metrics

    def __init__(  # noqa: PLR0913  the parameters of an estimator are those of its constructor
        self,
        *,
        model: str | os.PathLike[str] = "efficientnet_lite0",
        strategy: Literal["features", "scratch"] = "features",
        recipe: str | None = None,
        epochs: int | None = None,
        budget: float | None = None,
        seed: int = 0,
        views: int | None = None,
        size: int | None = None,
        resize: Resize | Literal["auto"] = "auto",
        engine: str | None = None,
        reject: float = DEFAULT_REJECT,
        accept_error: float | None = None,
    ) -> None:
        self.model = model
        self.strategy = strategy
        self.recipe = recipe
        self.epochs = epochs
        self.budget = budget
        self.seed = seed
        self.views = views
        self.size = size
        self.resize = resize
        self.engine = engine
        self.reject = reject
        self.accept_error = accept_error

    @property
    def run_(self) -> Path:
        """The run folder."""
        return self._fitted().folder

    def fit(self, X: Any, y: Any = None) -> ImageClassifier:  # noqa: N803  scikit-learn's name
        """Learn from labelled images.

        Parameters
        ----------
        X
            The name of labelled data; or a sequence of n images, or an array of shape (n h w) or (n h w c).
        y
            With a sequence, the n labels: strings or whole numbers. Where an image may have several or none, a list of labels
            for each, or a matrix (n k) of zeros and ones.

        Raises
        ------
        InputError
            When the images or labels cannot be learned from; a ValueError.
        ParameterError
            When a parameter is out of its range; a ValueError.
        MissingExtraError
            When the extra ``train`` is not installed, or from scratch ``torch``.

        Warns
        -----
        UserWarning
            When files could not be read and were set aside; the report lists them.
        """
        if not installed("sklearn"):
            raise MissingExtraError("sklearn", "train")
        temporary = Path(tempfile.mkdtemp(prefix="hubel-"))
        try:
            with as_value_errors():
                self._fit_in(temporary, X, y)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
        return self

    def predict(self, X: Any) -> np.ndarray:  # noqa: N803
        """The label of each image, of shape (n); see `predict_proba`.

        It is the likeliest one, unless the card's `decision` says otherwise, as it may for classes of very different sizes. Where
        images may have several labels, it is a matrix (n k) with 1 for each label that an image gets.
        """
        probabilities, card = self.predict_proba(X), self._fitted().card
        if card.task == "multi-label":
            limits = np.array(card.label_thresholds, np.float32)[self._columns]
            return (probabilities >= limits).astype(np.int64)
        places = np.argsort(self._columns)  # of the card's classes among `classes_`
        best = decide(probabilities[:, places], card.decision, classes=card.classes)
        labels: np.ndarray = self.classes_[places[best]]
        return labels

    def predict_proba(self, X: Any) -> Probabilities:  # noqa: N803
        """The calibrated probability of each class for each image.

        Parameters
        ----------
        X
            A sequence of n images, or an array of shape (n h w) or (n h w c).

        Returns
        -------
        Probabilities
            Shape (n k), columns as in `classes_`.

        Raises
        ------
        UnfittedError
            Before `fit` or `load`.
        InputError
            When an image cannot be read: no answer can be left out.
        """
        return self._said(X).probabilities[:, self._columns]  # n k

    def predict_sets(self, X: Any) -> ClassSets:  # noqa: N803
        """The classes that the answer to each image names: one is a label, several are unsure, none is unknown.

        How often an image of the known classes is called unknown, and how often an answer lacks the true class, was chosen by
        `reject` and `accept_error` when the model was fitted; `predict` gives the label without either.

        Parameters
        ----------
        X
            As for `predict_proba`.

        Returns
        -------
        ClassSets
            Shape (n k), columns as in `classes_`: True where the class is named.
        """
        said, card = self._said(X), self._fitted().card
        sets, known = answers_of(said, decide(said.probabilities, card.decision, classes=card.classes), card=card)
        named: ClassSets = (sets & known[:, None])[:, self._columns]  # n k
        return named

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:  # noqa: N803
        """The accuracy on labelled images: a sequence with its labels, or the name of labelled data as for `fit`.

        Where images may have several labels, it is the share of images with every label right.

        Raises
        ------
        InputError
            When images and labels do not fit together, or an image of a sequence cannot be read.
        """
        run = self._fitted()
        if is_source(X):
            if y is not None or sample_weight is not None:
                raise labels_twice(X)
            with as_value_errors():
                engine = run.predictor(self.engine).engine.name
                evaluation = deque(evaluate(run.folder, os.fsdecode(X), engine=engine), maxlen=1)[0]
            assert isinstance(evaluation, Evaluation)
            return evaluation.metrics.accuracy
        predicted = self.predict(X)
        several = label_lists(y, len(predicted)) if predicted.ndim == 2 else None
        if several is not None:
            right = as_columns(several, self.classes_) == predicted
            return float(np.average(right.all(1), weights=sample_weight))
        labels = np.asarray(y)
        if labels.shape != predicted.shape:
            raise different_lengths(len(predicted), labels.size if y is not None else 0)
        return float(np.average(predicted == labels, weights=sample_weight))

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write the run folder there, whole or not at all, and return it; every command of hubel takes it.

        Raises
        ------
        ParameterError
            When something is there already: nothing is overwritten.
        """
        run = self._fitted()
        with as_value_errors():
            return run.save(Path(folder))

    @classmethod
    def load(cls, folder: str | os.PathLike[str], *, engine: str | None = None) -> ImageClassifier:
        """A classifier out of a run folder, made by `save` or by ``hubel train``; needs no scikit-learn.

        Parameters
        ----------
        folder
            The run folder; it stays where it is.
        engine
            What runs the model here; None takes what it learned with, if that is installed.

        Raises
        ------
        ModelError
            When it is no run folder, is damaged, or no longer does what it did when it was made.
        """
        run = OwnedRun(find_run(Path(folder)))
        parameters, labels, kind = read_notes(run)
        classifier = cls(**{**parameters, "engine": engine})
        with as_value_errors():
            run.predictor(engine)
        classifier._adopt(run, labels, kind)
        return classifier

    def report(self, path: str | os.PathLike[str] | None = None) -> Path:
        """The path of ``report.html`` in the run folder, or of a copy of it written to `path`.

        Raises
        ------
        ParameterError
            When something is at `path` already: nothing is overwritten.
        """
        run = self._fitted()
        with as_value_errors():
            return run.folder / REPORT if path is None else run.save_report(Path(path))

    def _fit_in(self, temporary: Path, images: Any, labels: Any) -> None:
        """`fit` with a folder for everything it writes."""
        if is_source(images):
            if labels is not None:
                raise labels_twice(images)
            source, names, kind = os.fsdecode(images), None, "str"
            out = temporary / safe_run_name(Path(source).absolute().name)
        else:
            if labels is None:
                raise no_labels()
            sequence = image_sequence(images)
            several = label_lists(labels, len(sequence))
            if several is None:
                classes, indices = check_labels(labels, len(sequence))
                written = names_of(classes)
                rows: list[Any] = [written[index] for index in indices]
            else:
                classes, written = several.classes, names_of(several.classes)
                rows = several.named(written)
            names, kind = dict(zip(written, classes.tolist(), strict=True)), str(classes.dtype)
            source = write_table(temporary / "in", sequence, rows)
            out = temporary / "images"
        command = f"hubel.{' '.join(repr(self).split())}.fit"
        finished = deque(train(source, train_options(self.get_params(deep=False), out), command=command), maxlen=1)[0]
        assert isinstance(finished, Finished)
        shutil.rmtree(temporary / "in", ignore_errors=True)
        run = OwnedRun(finished.folder, temporary)
        names = names or {name: name for name in run.card.classes}
        write_notes(run, self.get_params(deep=False), labels=names, kind=kind)
        self._adopt(run, names, kind)
        if finished.num_set_aside:
            warnings.warn(files_set_aside(finished.num_set_aside), stacklevel=3)

    def _said(self, given: Any) -> Said:
        """What the model says of the images, columns as in the card."""
        run = self._fitted()
        images = image_sequence(given)
        with as_value_errors():
            return ask(run.predictor(self.engine), images)

    def _adopt(self, run: OwnedRun, labels: Mapping[str, Any], kind: str) -> None:
        """Become the classifier of a run, given the label of every class by its name."""
        names = list(labels)
        values = np.array([labels[name] for name in names], np.dtype(kind))
        order = np.argsort(values, kind="stable")
        self._columns = [run.card.classes.index(names[index]) for index in order]
        self._run = run
        self.classes_ = values[order]
        self.card_ = run.card
        self.metrics_ = run.card.metrics

    def _fitted(self) -> OwnedRun:
        """The run, if there is one."""
        if not self.__sklearn_is_fitted__():
            raise UnfittedError(
                say(
                    en="This ImageClassifier instance is not fitted yet. Call fit first, or open a run with ImageClassifier.load.",
                    ko="이 ImageClassifier는 아직 학습되지 않았습니다. 먼저 fit을 부르거나 ImageClassifier.load로 실행 폴더를 여세요.",
                )
            )
        return self._run

    def __sklearn_is_fitted__(self) -> bool:
        return "_run" in vars(self)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.one_d_array = True  # paths, or images of differing sizes
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.input_tags.string = True
        return tags
