"""What a run says of a caller's images, all of which must be readable."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hubel.core.parallel import batches, map_in_order
from hubel.data.images import ImageSource
from hubel.estimator.inputs import unreadable
from hubel.runtime.engines import BATCH_SIZE
from hubel.runtime.predictor import Predictor, Said
from hubel.workflows.predicting import said_of


def ask(predictor: Predictor, images: Sequence[ImageSource]) -> Said:
    """Probabilities (n k), columns as in the card, and unknown scores of the images.

    Raises
    ------
    InputError
        When one cannot be read: no answer can be left out.
    """

    def work(batch: list[tuple[int, ImageSource]]) -> Said:
        said, refusals = said_of(predictor, [image for _, image in batch])
        for (position, _), refusal in zip(batch, refusals, strict=True):
            if refusal is not None:
                raise unreadable(position, refusal) from refusal
        return said

    parts = list(map_in_order(work, batches(enumerate(images), BATCH_SIZE), workers=predictor.engine.workers))
    scores = [part.unknown_scores for part in parts if part.unknown_scores is not None]
    return Said(np.concatenate([part.probabilities for part in parts]), np.concatenate(scores) if scores else None)
