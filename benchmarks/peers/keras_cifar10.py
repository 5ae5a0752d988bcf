"""The peer that courses teach: Keras, three convolutions and two dense layers, Adam, batches of 32, ten epochs.

    python benchmarks/peers/keras_cifar10.py ARRAYS.npz [--seed 0] [--epochs 10]

ARRAYS holds train_x, test_x (uint8, n 32 32 3), train_y and test_y. Needs `tensorflow-cpu` and `keras`, best in an
environment of their own. Each line on stdout is a JSON object, one an epoch: `epoch`, `seconds` (of training so far, its
validation not counted), `accuracy` on the test images.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
from keras import layers


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("arrays")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=10)
    arguments = parser.parse_args()
    arrays = np.load(arguments.arrays)
    train_images, test_images = (arrays[name].astype("float32") / 255 for name in ("train_x", "test_x"))
    keras.utils.set_random_seed(arguments.seed)
    network = small_cnn(int(arrays["train_y"].max()) + 1)
    network.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    network.fit(
        train_images, arrays["train_y"], batch_size=32, epochs=arguments.epochs, verbose=0,
        callbacks=[Clock(test_images, arrays["test_y"])],
    )  # fmt: skip


def small_cnn(num_classes: int) -> Any:
    """conv32, pool, conv64, pool, conv64, dense64: 122,570 parameters for ten classes."""
    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(num_classes, activation="softmax"),
        ]
    )


class Clock(keras.callbacks.Callback):  # type: ignore[misc] # keras has no types
    """Times the training of each epoch, then measures on the test images, which counts in `wall` alone."""

    def __init__(self, images: np.ndarray, labels: np.ndarray) -> None:
        super().__init__()
        self.images, self.labels = images, labels
        self.seconds, self.begun = 0.0, 0.0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.begun = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.seconds += time.monotonic() - self.begun
        _, accuracy = self.model.evaluate(self.images, self.labels, batch_size=1000, verbose=0)
        print(json.dumps({"epoch": epoch + 1, "seconds": self.seconds, "accuracy": accuracy}), flush=True)


if __name__ == "__main__":
    main()
