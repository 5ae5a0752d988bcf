"""Curves and what is said of them."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from hubel.core.learning import EpochRecord, Learning, Training, overfit_from
from hubel.evaluate.curves import curves_svg, rounded_up
from hubel.evaluate.learning_sentences import learning_points

SPACE = "{http://www.w3.org/2000/svg}"


def training(losses: list[float], validation: list[float], *, kept: int, ended: str = "epochs") -> Training:
    """A training whose accuracies follow its losses."""
    epochs = [
        EpochRecord(
            epoch=number, learning_rate=0.1, loss=loss, accuracy=1 - loss / 3,
            validation_loss=checked, validation_accuracy=1 - checked / 3, seconds=1.0,
        )
        for number, (loss, checked) in enumerate(zip(losses, validation, strict=True), 1)
    ]  # fmt: skip
    return Training.model_validate({"seed": 0, "epochs": epochs, "kept_epoch": kept, "ended": ended})


OVERFIT = training([2.0, 1.0, 0.5, 0.1, 0.01], [2.0, 1.2, 1.0, 1.3, 1.8], kept=3, ended="patience")
STILL_LEARNING = training([2.0, 1.5, 1.0], [2.0, 1.6, 1.2], kept=3)
ONE_EPOCH = training([2.0], [1.9], kept=1)


def learning(*trainings: Training) -> Learning:
    """A record of these trainings."""
    return Learning(
        network="lenet5",
        start="random",
        settings={"schedule": "constant"},
        num_parameters=1,
        num_train=10,
        num_validation=5,
        trainings=trainings,
    )


@pytest.mark.parametrize("trainings", [(OVERFIT,), (ONE_EPOCH,), (OVERFIT, STILL_LEARNING, ONE_EPOCH)])
def test_curves_are_well_formed_and_show_two_lines_a_panel_and_training(trainings: tuple[Training, ...]) -> None:
    for alone in (True, False):
        root = ET.fromstring(curves_svg(trainings, alone=alone))
        lines = [path for path in root.iter(f"{SPACE}path") if path.get("class") == "validation"]
        assert len(lines) == 2 * len(trainings) + alone  # one more in the legend
        kept = [circle for circle in root.iter(f"{SPACE}circle") if circle.get("class") == "kept"]
        assert len(kept) == 2 * len(trainings) + alone


def test_where_it_overfits_is_shaded() -> None:
    assert overfit_from(OVERFIT) == 3
    assert curves_svg([OVERFIT]).count('class="overfit"') == 2
    assert overfit_from(STILL_LEARNING) is None
    assert "overfit" not in curves_svg([STILL_LEARNING])


def test_everything_drawn_lies_in_the_picture() -> None:
    root = ET.fromstring(curves_svg([OVERFIT, STILL_LEARNING], alone=True))
    width, height = float(root.get("width", 0)), float(root.get("height", 0))
    for text in root.iter(f"{SPACE}text"):
        assert 0 <= float(text.get("x", -1)) <= width
        assert 0 <= float(text.get("y", -1)) <= height


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (learning(OVERFIT), "After epoch 3"),
        (learning(STILL_LEARNING), "larger --epochs goes on"),
        (learning(STILL_LEARNING, OVERFIT), "2 networks that differ by their seed"),
    ],
)
def test_the_sentences_name_what_matters(record: Learning, said: str) -> None:
    points = learning_points(record)
    assert any(said in point.en for point in points)
    assert all(point.ko for point in points)
    assert f"epoch {record.trainings[0].kept_epoch} were kept" in points[0].en


@pytest.mark.parametrize("value", [0.0021, 0.09, 0.11, 0.99, 1.0, 2.31, 9.7, 14.0, 99.0, 731.0])
def test_a_scale_ends_a_little_above_its_values(value: float) -> None:
    assert value <= rounded_up(value) <= 2.01 * value
