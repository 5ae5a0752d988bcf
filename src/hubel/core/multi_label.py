"""What the card records of a model that gives an image several labels, or none: its figures, label by label and together."""

from __future__ import annotations

from pydantic import Field

from hubel.core.frozen import Frozen

Interval = tuple[float, float]
"""Lower and upper end, 95 %."""


class LabelMetrics(Frozen):
    """One label's share of the report.

    `average_precision` is the area under precision over recall, None where no image or every image has the label; from
    `threshold` on the label is given. `log_loss` in nats and `ece` are of the label's own probability.
    """

    name: str
    support: int
    threshold: float
    average_precision: float | None
    precision: float
    recall: float
    f1: float
    log_loss: float
    ece: float
    average_precision_interval: Interval | None = None
    precision_interval: Interval | None = None
    recall_interval: Interval | None = None
    f1_interval: Interval | None = None


class MultiLabelMetrics(Frozen):
    """What was measured of labels, on images the model had not learned from.

    Macro figures are means over the labels that occur, micro figures count every label of every image alike.
    `subset_accuracy` is the share of images with every label right, `hamming_loss` the share of single answers that are wrong,
    `log_loss` the mean over labels, in nats. `num_without` images have no label, `labels_per_image` is the mean number; `given_per_image` that of the answers.
    `together` counts the images (row, column) that have both labels; on its diagonal stand the images of one.
    """

    num_images: int
    mean_average_precision: float
    mean_average_precision_interval: Interval
    macro_f1: float
    macro_f1_interval: Interval
    micro_f1: float
    micro_f1_interval: Interval
    macro_precision: float
    macro_recall: float
    micro_precision: float
    micro_recall: float
    subset_accuracy: float
    subset_accuracy_interval: Interval
    hamming_loss: float
    hamming_loss_interval: Interval
    log_loss: float
    log_loss_interval: Interval
    ece: float
    labels_per_image: float
    given_per_image: float
    num_without: int = Field(ge=0)
    per_label: tuple[LabelMetrics, ...]
    together: tuple[tuple[int, ...], ...]
