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

import keras  # type: ignore[import-not-found] # in an environment of its own
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
    clock = Clock(network, test_images, arrays["test_y"])
    timing = keras.callbacks.LambdaCallback(on_epoch_begin=clock.begin, on_epoch_end=clock.end)
    network.fit(train_images, arrays["train_y"], batch_size=32, epochs=arguments.epochs, verbose=0, callbacks=[timing])


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


class Clock:
    """Times the training of each epoch, then measures on the test images with the clock stopped."""

    def __init__(self, network: Any, images: np.ndarray, labels: np.ndarray) -> None:
        self.network, self.images, self.labels = network, images, labels
        self.seconds, self.begun = 0.0, 0.0

    def begin(self, *_: Any) -> None:
        """An epoch begins."""
        self.begun = time.monotonic()

    def end(self, epoch: int, *_: Any) -> None:
        """An epoch has ended."""
        self.seconds += time.monotonic() - self.begun
        _, accuracy = self.network.evaluate(self.images, self.labels, batch_size=1000, verbose=0)
        print(json.dumps({"epoch": epoch + 1, "seconds": self.seconds, "accuracy": accuracy}), flush=True)


if __name__ == "__main__":
    main()
