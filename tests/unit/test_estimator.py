"""`hubel.ImageClassifier` behaves as scikit-learn expects, and says the same as every other door of hubel."""

from __future__ import annotations

import copy
import gc
import io
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.base import clone, is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import estimator_checks, get_tags

from hubel import ImageClassifier, workflows
from hubel.core.errors import DataError, HubelError, ModelError, UsageError, install_command
from hubel.core.rundir import CARD, GOLDEN
from hubel.data.sources import open_dataset
from hubel.estimator.inputs import check_labels, names_of, write_table
from hubel.estimator.values import share
from hubel.train.recipes import CLASSIC
from hubel.train.scratch import Scratch
from hubel.workflows import TrainOptions
from support import run_python

PER_CLASS = 6
PICTURE = np.zeros((40, 40, 3), np.uint8)


def make_image(label: int, generator: np.random.Generator) -> Image.Image:
    """A noisy picture of no fixed size: reddish for label 3, bluish for 10, and not always clearly so."""
    height, width = generator.integers(30, 44, 2)
    pixels = generator.normal(120, 40, (height, width, 3))
    pixels[..., 0 if label == 3 else 2] += generator.normal(15, 12)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def make_images() -> tuple[list[Image.Image], list[int]]:
    labels = [3, 10] * PER_CLASS
    generator = np.random.default_rng(0)
    return [make_image(label, generator) for label in labels], labels


def quick(**parameters: Any) -> ImageClassifier:
    """A classifier for small pictures that tries no second view."""
    return ImageClassifier(**{"size": 32, "views": 1, "resize": "squash", **parameters})


@pytest.fixture(scope="module")
def images() -> list[Image.Image]:
    return make_images()[0]


@pytest.fixture(scope="module")
def labels() -> list[int]:
    return make_images()[1]


@pytest.fixture(scope="module")
def fitted(images: list[Image.Image], labels: list[int]) -> ImageClassifier:
    """A classifier that the tests only read."""
    return quick().fit(images, labels)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, images: list[Image.Image], labels: list[int]) -> Path:
    """The same pictures as files, in a folder for each class."""
    root = tmp_path_factory.mktemp("source") / "colours"
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        place = root / ("red" if label == 3 else "blue")
        place.mkdir(parents=True, exist_ok=True)
        image.save(place / f"{number:02}.png")
    return root


# What scikit-learn demands of every estimator, whatever its input. For an estimator of images its own generator of checks
# yields the first only, for the others feed matrices of features; these do not look at what a feature is.
CHECKS = [
    "check_estimator_cloneable",
    "check_estimator_tags_renamed",
    "check_valid_tag_types",
    "check_estimator_repr",
    "check_no_attributes_set_in_init",
    "check_mixin_order",
    "check_parameters_default_constructible",
    "check_get_params_invariance",
    "check_set_params",
    "check_estimators_unfitted",
    "check_estimator_sparse_tag",
    "check_estimator_sparse_matrix",
    "check_supervised_y_no_nan",
    "check_requires_y_none",
    "check_fit1d",
    "check_n_features_in_after_fitting",
    "check_non_transformer_estimators_n_iter",
    "check_decision_proba_consistency",
]


@pytest.mark.parametrize("check", CHECKS)
def test_check_of_scikit_learn_passes(check: str) -> None:
    function: Callable[[str, ImageClassifier], None] = getattr(estimator_checks, check)
    function("ImageClassifier", quick())


def test_it_is_a_classifier_of_images_to_scikit_learn() -> None:
    tags = get_tags(quick())
    assert is_classifier(quick())
    assert not tags.input_tags.two_d_array
    assert tags.target_tags.required


def test_wrong_parameters_are_taken_until_fit() -> None:
    program = (
        "from hubel import ImageClassifier; from sklearn.utils.estimator_checks import "
        "check_do_not_raise_errors_in_init_or_set_params as check; check('ImageClassifier', ImageClassifier())"
    )
    finished = run_python("-c", program)  # in a process of its own, for here all annotations are enforced
    assert finished.returncode == 0, finished.stderr


def test_fit_returns_self_learns_and_says_nothing(
    images: list[Image.Image], labels: list[int], capfd: pytest.CaptureFixture[str]
) -> None:
    classifier = quick()
    assert classifier.fit(images, labels) is classifier
    assert capfd.readouterr() == ("", "")
    assert classifier.classes_.tolist() == [3, 10]
    assert classifier.score(images, labels) > 0.6
    assert classifier.metrics_ == classifier.card_.metrics
    assert classifier.metrics_.num_images == len(images)


def test_a_clone_and_its_second_fit_say_the_same_and_no_folder_stays(
    fitted: ImageClassifier, images: list[Image.Image], labels: list[int]
) -> None:
    expected = fitted.predict_proba(images)
    other = clone(fitted)
    assert not hasattr(other, "classes_")
    first = other.fit(images, labels).run_
    np.testing.assert_array_equal(other.predict_proba(images), expected)
    second = other.fit(images, labels).run_
    np.testing.assert_array_equal(other.predict_proba(images), expected)
    gc.collect()
    assert not first.parent.exists()
    assert second.exists()
    del other
    gc.collect()
    assert not second.parent.exists()


def test_probabilities_sum_to_one_and_their_largest_is_the_prediction(
    fitted: ImageClassifier, images: list[Image.Image]
) -> None:
    probabilities = fitted.predict_proba(images)
    assert probabilities.shape == (len(images), 2)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(fitted.classes_[probabilities.argmax(axis=1)], fitted.predict(images))


def test_sets_name_one_class_several_or_none(
    fitted: ImageClassifier, images: list[Image.Image], labels: list[int]
) -> None:
    alone = fitted.predict_sets(images)
    assert alone.dtype == bool
    assert set(alone.sum(axis=1)) <= {0, 1}
    named = alone.any(axis=1)
    np.testing.assert_array_equal(fitted.classes_[alone.argmax(axis=1)][named], fitted.predict(images)[named])
    generous = clone(fitted).set_params(reject=0.0, accept_error=0.08).fit(images, labels)
    sets = generous.predict_sets(images)
    assert generous.card_.unknown is None
    assert generous.card_.sets is not None
    assert sets.any(axis=1).all()
    assert (sets | ~alone).all()  # no class is lost
    noise = np.random.default_rng(0).integers(0, 256, (1, 40, 40, 3), np.uint8)
    assert not clone(fitted).set_params(reject=0.4).fit(images, labels).predict_sets(noise).any()


def test_limits_are_parameters_that_a_saved_and_a_loaded_run_keep(
    images: list[Image.Image], labels: list[int], folder: Path, tmp_path: Path
) -> None:
    classifier = quick(reject=np.float64(0.1), accept_error=0.2).fit(images, labels)
    assert classifier.card_.unknown is not None
    assert classifier.card_.unknown.reject == 0.1
    loaded = ImageClassifier.load(classifier.save(tmp_path / "saved"))
    assert (loaded.reject, loaded.accept_error) == (0.1, 0.2)
    options = TrainOptions(out=tmp_path / "run", size=32, views=1, reject=0.0, accept_error=0.1)
    list(workflows.train(str(folder), options))
    made = ImageClassifier.load(tmp_path / "run")
    assert (made.reject, made.accept_error) == (0.0, 0.1)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [("reject", 0.5), ("reject", -0.1), ("accept_error", 1.0), ("accept_error", float("nan"))],
)
def test_a_share_out_of_its_range_is_refused_by_its_name(
    parameter: str, value: Any, images: list[Image.Image], labels: list[int]
) -> None:
    with pytest.raises(ValueError, match=f"^{parameter} does not take"):
        quick(**{parameter: value}).fit(images, labels)


@pytest.mark.parametrize("value", [None, "1%", [0.1]])
def test_a_share_must_be_a_number(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^reject does not take"):
        share("reject", value, below=0.5)


def test_prediction_does_not_depend_on_what_comes_with_an_image(
    fitted: ImageClassifier, images: list[Image.Image]
) -> None:
    expected = fitted.predict_proba(images)
    order = np.random.default_rng(1).permutation(len(images))
    shuffled = fitted.predict_proba([images[index] for index in order])
    alone = np.concatenate([fitted.predict_proba([image]) for image in images])
    np.testing.assert_allclose(shuffled, expected[order], atol=1e-6)
    np.testing.assert_allclose(alone, expected, atol=1e-6)


def test_path_bytes_open_file_picture_and_array_get_the_same_probabilities(
    fitted: ImageClassifier, images: list[Image.Image], tmp_path: Path
) -> None:
    path = tmp_path / "one.png"
    images[0].save(path)
    with path.open("rb") as opened:
        answers = fitted.predict_proba(
            [
                str(path),
                path,
                path.read_bytes(),
                opened,
                io.BytesIO(path.read_bytes()),
                images[0],
                np.asarray(images[0]),
            ]
        )
    np.testing.assert_allclose(answers, np.broadcast_to(answers[0], answers.shape), atol=1e-6)


def test_array_of_images_is_a_sequence_of_them(fitted: ImageClassifier) -> None:
    batch = np.random.default_rng(0).integers(0, 256, (3, 40, 40, 3), np.uint8)
    np.testing.assert_array_equal(fitted.predict_proba(batch), fitted.predict_proba(list(batch)))
    grey = batch[..., 0]
    np.testing.assert_array_equal(
        fitted.predict_proba(grey), fitted.predict_proba([Image.fromarray(one) for one in grey])
    )


def test_images_in_memory_and_their_files_make_the_same_model(
    fitted: ImageClassifier, images: list[Image.Image], labels: list[int], tmp_path: Path
) -> None:
    paths = [tmp_path / f"{number:02} .png" for number in range(len(images))]
    for image, path in zip(images, paths, strict=True):
        image.save(path)
    from_files = quick().fit(np.array(list(map(str, paths))), np.array(labels))
    np.testing.assert_array_equal(from_files.predict_proba(paths), fitted.predict_proba(images))


def test_a_folder_makes_the_same_model_as_the_workflow_whose_run_can_be_loaded(folder: Path, tmp_path: Path) -> None:
    parameters: dict[str, Any] = {"size": 32, "views": 1, "resize": "pad", "seed": 4}
    list(workflows.train(str(folder), TrainOptions(out=tmp_path / "run", **parameters)))
    loaded = ImageClassifier.load(tmp_path / "run")
    classifier = clone(loaded).fit(folder)
    assert classifier.get_params() == ImageClassifier(**parameters).get_params()
    assert classifier.metrics_ == loaded.metrics_
    assert classifier.classes_.tolist() == ["blue", "red"]
    files = sorted(folder.rglob("*.png"))
    np.testing.assert_array_equal(classifier.predict_proba(files), loaded.predict_proba(files))
    assert classifier.score(folder) == classifier.score(files, [file.parent.name for file in files])


@pytest.mark.parametrize("names", [("img9", "img10"), ("a", "a "), (False, True)], ids=["sorted", "blank", "bool"])
def test_labels_come_back_sorted_and_as_they_were(
    names: tuple[Any, Any], images: list[Image.Image], tmp_path: Path
) -> None:
    given = np.array([names[number % 2] for number in range(len(images))])
    classifier = quick().fit(images, given)
    loaded = ImageClassifier.load(classifier.save(tmp_path / "run"))
    for one in (classifier, loaded):
        assert one.classes_.dtype == given.dtype
        assert one.classes_.tolist() == sorted(names)
        assert one.score(images, given) > 0.6


@pytest.mark.parametrize(
    "labels", [["고양이", "개"], ["", " "], ["\u00e9", "e\u0301"], ["x\ny", "x", "\x01"], ["\udcff", "1"], [-1, 7], [0.0, 1.5], [False, True]]
)  # fmt: skip
def test_every_class_gets_a_name_of_its_own_that_a_table_keeps(labels: list[Any], tmp_path: Path) -> None:
    names = names_of(np.array(labels))
    table = write_table(tmp_path / "in", [PICTURE + np.uint8(index) for index in range(len(names))], names)
    dataset = open_dataset(table)
    assert sorted(dataset.classes) == sorted(names)
    assert [dataset.classes[example.label] for example in dataset.examples] == names


def test_a_file_may_come_twice_and_unreadable_ones_are_set_aside_with_a_warning(folder: Path, tmp_path: Path) -> None:
    readable = sorted(folder.rglob("*.png"))
    readable += readable[:3]  # as when samples are drawn with replacement
    (tmp_path / "text.png").write_text("no picture")
    files = [*readable, tmp_path / "missing.png", tmp_path / "missing.png", tmp_path / "text.png"]
    names = [path.parent.name for path in readable] + ["red", "red", "blue"]
    with pytest.warns(UserWarning, match="set aside: 2"):
        classifier = quick().fit(files, names)
    assert classifier.metrics_.num_images == len(readable)
    with pytest.raises(ValueError, match=rf"X\[{len(readable)}\]"):
        classifier.predict(files)


def test_search_over_a_parameter_works(images: list[Image.Image], labels: list[int]) -> None:
    one_split = [(np.arange(8), np.arange(8, len(images)))]
    search = GridSearchCV(quick(), {"size": np.array([32, 48])}, cv=one_split).fit(images, labels)
    assert search.best_estimator_.card_.image.size == search.best_params_["size"]
    assert search.predict(images[:2]).shape == (2,)


def test_cross_validation_of_a_pipeline_works(images: list[Image.Image], labels: list[int]) -> None:
    def mirrored(pictures: list[Image.Image]) -> list[Image.Image]:
        return [picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT) for picture in pictures]

    pipeline = Pipeline([("mirror", FunctionTransformer(mirrored)), ("classify", quick())])
    scores = cross_val_score(pipeline.set_params(classify__seed=1), images, labels, cv=2)
    assert np.isfinite(scores).all()


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))], ids=["deepcopy", "pickle"]
)
def test_a_copy_has_a_run_folder_of_its_own(
    copied: Callable[[ImageClassifier], ImageClassifier], fitted: ImageClassifier, images: list[Image.Image]
) -> None:
    other = copied(fitted)
    assert other.run_ != fitted.run_
    np.testing.assert_array_equal(other.predict_proba(images), fitted.predict_proba(images))
    assert other.get_params() == fitted.get_params()


def test_predicting_changes_nothing_of_the_classifier(fitted: ImageClassifier, images: list[Image.Image]) -> None:
    other = copy.deepcopy(fitted)
    before = dict(vars(other))
    other.predict_proba(images)
    assert vars(other) == before


def test_a_failed_fit_leaves_no_folder_and_the_model_before(
    fitted: ImageClassifier,
    images: list[Image.Image],
    labels: list[int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = fitted.run_
    with pytest.raises(ValueError, match="cannot be understood"):
        fitted.fit([*images[:-1], np.full((40, 40, 3), np.nan)], labels)
    assert list(tmp_path.iterdir()) == []
    assert fitted.run_ == before
    assert fitted.predict(images).shape == (len(images),)


def test_saved_and_loaded_it_is_the_same_classifier(
    fitted: ImageClassifier, images: list[Image.Image], tmp_path: Path
) -> None:
    saved = fitted.save(tmp_path / "models" / "colours")
    loaded = ImageClassifier.load(saved)
    assert loaded.run_ == saved == tmp_path / "models" / "colours"
    assert sorted(path.name for path in saved.parent.iterdir()) == ["colours"]
    assert loaded.get_params() == fitted.get_params()
    assert loaded.card_ == fitted.card_
    np.testing.assert_array_equal(loaded.predict_proba(images), fitted.predict_proba(images))
    del loaded
    gc.collect()
    assert (saved / CARD).exists()


def test_saving_overwrites_nothing(fitted: ImageClassifier, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine.html").write_text("mine")
    with pytest.raises(UsageError, match="exists already"):
        fitted.save(tmp_path / "mine")
    with pytest.raises(UsageError, match="exists already"):
        fitted.report(tmp_path / "mine.html")
    assert (tmp_path / "mine.html").read_text() == "mine"


def test_report_is_the_one_of_the_run_and_can_be_copied(fitted: ImageClassifier, tmp_path: Path) -> None:
    inside = fitted.report()
    copied = fitted.report(tmp_path / "colours.html")
    assert inside == fitted.run_ / "report.html"
    assert copied.read_bytes() == inside.read_bytes()


@pytest.mark.parametrize(
    "notes", ["", "[]", '{"parameters": {}, "labels": {"3": 3}, "kind": "int64"}', '{"parameters": {"gpu": 1}, "labels": {"3": 3, "10": 10}, "kind": "int64"}', '{"parameters": {}, "labels": {"3": "x", "10": 10}, "kind": "int64"}']
)  # fmt: skip
def test_damaged_notes_are_refused(notes: str, fitted: ImageClassifier, tmp_path: Path) -> None:
    saved = fitted.save(tmp_path / "run")
    (saved / "estimator.json").write_text(notes)
    with pytest.raises(ModelError, match=r"estimator\.json"):
        ImageClassifier.load(saved)


def test_drifted_model_is_refused_when_loaded(fitted: ImageClassifier, tmp_path: Path) -> None:
    saved = fitted.save(tmp_path / "run")
    for picture in (saved / GOLDEN).glob("*.png"):
        Image.new("RGB", (32, 32), "white").save(picture)
    with pytest.raises(ModelError, match="golden"):
        ImageClassifier.load(saved)


def test_base_install_loads_predicts_scores_and_saves(fitted: ImageClassifier, folder: Path, tmp_path: Path) -> None:
    saved = fitted.save(tmp_path / "run")
    program = f"""
import sys
for package in ("sklearn", "scipy", "openvino", "torch", "jinja2"):
    sys.modules[package] = None
import hubel
classifier = hubel.ImageClassifier.load({str(saved)!r})
file = {str(next(folder.rglob("*.png")))!r}
print(classifier.predict([file]).dtype.kind, classifier.predict_proba([file]).shape, classifier.score([file], [3]) in (0, 1))
classifier.save({str(tmp_path / "copy")!r})
try:
    classifier.fit([file, file], [3, 10])
except hubel.core.errors.MissingExtraError as error:
    print(error)
"""
    finished = run_python("-c", program)
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.splitlines()[0] == "i (1, 2) True"
    assert install_command("train") in finished.stdout
    assert (tmp_path / "copy" / CARD).exists()


def test_importing_hubel_does_not_load_the_classifier() -> None:
    program = "import sys, hubel; print(hubel.__version__, 'numpy' in sys.modules, 'ImageClassifier' in hubel.__all__)"
    finished = run_python("-c", program)
    assert finished.stdout.split()[1:] == ["False", "True"], finished.stderr


@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_sets", "score", "save", "report"])
def test_before_fit_there_is_nothing_to_ask(method: str) -> None:
    classifier = quick()
    assert not hasattr(classifier, "run_")
    with pytest.raises(NotFittedError, match="not fitted"):
        getattr(classifier, method)("a")


def test_unknown_name_of_the_package_is_an_attribute_error() -> None:
    import hubel

    with pytest.raises(AttributeError, match="no attribute 'Classifier'"):
        hubel.Classifier  # noqa: B018


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (np.zeros((5, 4)), r"Expected images in X, got ndarray \(5, 4\)"),
        (np.float64(1), "Expected images"),
        (np.zeros(4), r"X\[0\]: float64"),
        (np.zeros((2, 3, 40, 40, 3)), "Expected images"),
        ([PICTURE, 3], r"X\[1\]: int"),
        ([[1, 2], [3, 4]], r"X\[0\]: list"),
        ({"a": PICTURE}, "got dict"),
        (7, "got int"),
        ("photo.jpg", "single thing: str"),
        (PICTURE, r"single thing: ndarray \(40, 40, 3\)"),
        (Image.fromarray(PICTURE), "single thing: Image"),
        ([], "0 samples"),
        (np.zeros((0, 40, 40, 3), np.uint8), "0 samples"),
        (np.full((2, 40, 40, 3), np.nan), r"X\[0\].*nan"),
        (np.full((2, 40, 40, 3), 200.0), r"X\[0\].*200"),
        (np.zeros((2, 3, 40, 40), np.uint8), r"X\[0\].*\(3, 40, 40\)"),
        (np.zeros((2, 40, 40, 3), np.int32), r"X\[0\].*int32"),
        (np.zeros((2, 40, 40, 3), complex), r"X\[0\].*complex"),
        ([PICTURE, np.zeros((0, 40, 3), np.uint8)], r"X\[1\]"),
        ([b"no picture"], r"X\[0\].*not an image"),
        ([io.StringIO("text")], "gives no bytes"),
    ],
)
def test_what_is_no_sequence_of_images_is_a_value_error(given: Any, said: str, fitted: ImageClassifier) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        fitted.predict(given)
    assert isinstance(caught.value, HubelError)


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (None, "requires y to be passed"),
        ([1, 2, 3], "inconsistent numbers of samples: 4 images in X, 3 labels"),
        ([1, 1, 1, 1], "one class: 1"),
        ([1, 1, 1, 2], "at least 2 images, but 2 has one"),
        ([1.0, np.nan, 2, 2], "NaN"),
        ([0.1, 0.2, 0.3, 0.4], "Unknown label type"),
        (["a", "a", None, None], "cannot be sorted"),
    ],
)
def test_labels_that_do_not_fit_are_a_value_error(labels: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        quick().fit([PICTURE] * 4, labels)


def test_labels_in_a_column_are_taken_with_scikit_learns_warning() -> None:
    with pytest.warns(UserWarning, match="column-vector"):
        classes, indices = check_labels(np.array([[10], [3], [3], [10]]), 4)
    assert classes.tolist() == [3, 10]
    assert indices.tolist() == [1, 0, 0, 1]


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"size": 5}, "size does not take 5"),
        ({"views": 9}, "views does not take 9"),
        ({"seed": -1}, "seed does not take -1"),
        ({"budget": 0}, "budget does not take 0"),
        ({"resize": "stretch"}, "resize does not take 'stretch'"),
        ({"seed": None}, "seed does not take None. Give a whole number"),
        ({"size": 224.0}, "size does not take 224.0. Give a whole number"),
        ({"budget": "long"}, "budget does not take 'long'. Give a number of seconds"),
        ({"engine": "abacus"}, "no engine 'abacus'"),
    ],
)
def test_parameter_out_of_range_is_refused_by_fit_and_not_before(
    parameters: dict[str, Any], said: str, folder: Path
) -> None:
    classifier = quick().set_params(**parameters)
    with pytest.raises(ValueError, match=f"^(There is )?{said}") as caught:
        classifier.fit(folder)
    assert isinstance(caught.value, UsageError)


def test_labelled_data_with_labels_besides_are_refused(folder: Path, fitted: ImageClassifier) -> None:
    with pytest.raises(ValueError, match="has its own labels"):
        quick().fit(folder, ["red"])
    with pytest.raises(ValueError, match="has its own labels"):
        fitted.score(folder, ["red"])


def test_data_that_cannot_be_learned_from_are_a_value_error_and_a_data_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nowhere") as caught:
        quick().fit(tmp_path / "nowhere")
    assert isinstance(caught.value, DataError)


def test_score_weighs_images_and_needs_a_label_for_each(
    fitted: ImageClassifier, images: list[Image.Image], labels: list[int]
) -> None:
    right = fitted.predict(images) == labels
    weights = np.where(right, 0.0, 1.0) + 1e-9
    assert fitted.score(images, labels, sample_weight=weights) == pytest.approx(np.average(right, weights=weights))
    with pytest.raises(ValueError, match="inconsistent numbers"):
        fitted.score(images, labels[:-1])
    with pytest.raises(ValueError, match="inconsistent numbers"):
        fitted.score(images)


def own_network(**parameters: Any) -> ImageClassifier:
    """A small network trained from scratch."""
    return quick(**{"strategy": "scratch", "model": "lenet5", "epochs": 3, **parameters})


def test_from_scratch_it_trains_a_network_that_is_saved_cloned_and_fitted_again(
    images: list[Image.Image], labels: list[int], tmp_path: Path
) -> None:
    classifier = own_network().fit(images, labels)
    learning = classifier.card_.learning
    assert learning is not None
    assert (learning.network, len(learning.trainings[0].epochs)) == ("lenet5", 3)
    assert classifier.classes_.tolist() == [3, 10]
    loaded = ImageClassifier.load(classifier.save(tmp_path / "run"))
    assert loaded.get_params() == classifier.get_params()
    again = clone(loaded).fit(images, labels)
    np.testing.assert_array_equal(again.predict_proba(images), classifier.predict_proba(images))


def test_a_run_that_the_command_line_trained_from_scratch_is_loaded_as_such(folder: Path, tmp_path: Path) -> None:
    scratch = Scratch(network="lenet5", recipe=CLASSIC.with_epochs(3))
    list(workflows.train(str(folder), TrainOptions(out=tmp_path / "run", model="lenet5", size=32, scratch=scratch)))
    loaded = ImageClassifier.load(tmp_path / "run")
    assert (loaded.strategy, loaded.model, loaded.recipe, loaded.epochs) == ("scratch", "lenet5", "classic", 3)
    files = sorted(folder.rglob("*.png"))
    again = clone(loaded).fit(folder)
    np.testing.assert_array_equal(again.predict_proba(files), loaded.predict_proba(files))


@pytest.mark.parametrize("check", ["check_estimator_cloneable", "check_estimator_repr", "check_get_params_invariance"])
def test_from_scratch_the_checks_of_its_parameters_pass_too(check: str) -> None:
    getattr(estimator_checks, check)("ImageClassifier", own_network())


def test_epochs_can_be_searched_over(images: list[Image.Image], labels: list[int]) -> None:
    one_split = [(np.arange(10), np.arange(10, len(images)))]
    search = GridSearchCV(own_network(), {"epochs": np.array([1, 2])}, cv=one_split).fit(images, labels)
    learning = search.best_estimator_.card_.learning
    assert learning is not None
    assert learning.settings["epochs"] == search.best_params_["epochs"]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"strategy": "deep"}, "^strategy does not take 'deep'. Choose: features, scratch"),
        ({"strategy": "features", "epochs": 3}, "^epochs does not take 3 with strategy='features'"),
        ({"strategy": "features", "recipe": "fast"}, "^recipe does not take 'fast' with strategy='features'"),
        ({"strategy": "scratch", "recipe": "slow"}, "^recipe does not take 'slow'. Choose: classic, fast, sprint"),
        ({"strategy": "scratch", "epochs": 0}, "^epochs does not take 0. Give a number from 1"),
        ({"strategy": "scratch", "epochs": 1.5}, "^epochs does not take 1.5. Give a whole number"),
    ],
)
def test_parameters_that_do_not_go_together_are_refused_by_name(
    parameters: dict[str, Any], message: str, images: list[Image.Image], labels: list[int]
) -> None:
    with pytest.raises(ValueError, match=message):
        ImageClassifier(size=32).set_params(**parameters).fit(images, labels)


def test_a_network_that_nobody_knows_is_refused(images: list[Image.Image], labels: list[int]) -> None:
    with pytest.raises(ModelError, match="lenet7"):
        own_network(model="lenet7").fit(images, labels)
