"""The accuracy that hubel reports without a test set holds on images it never saw.

    python examples/honest_estimate.py

Half of the built-in digits become a model; cross-validation says how good it is. The other half then shows how good it
really is. The claim: the truth lies inside the reported 95 % interval, give or take what the other half's own chance
allows.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from hubel import ImageClassifier
from hubel.data.builtin import write_builtin


def main() -> None:
    """Learn from one half, measure on the other, compare."""
    with tempfile.TemporaryDirectory() as place:
        files = sorted(write_builtin("digits", place).rglob("*.png"))
        seen, unseen = files[0::2], files[1::2]
        classifier = ImageClassifier(size=64).fit(seen, labels(seen))
        reported, (low, high) = classifier.metrics_.accuracy, classifier.metrics_.accuracy_interval
        truth = classifier.score(unseen, labels(unseen))
    print(f"reported {reported:.3f}, 95 % interval {low:.3f} to {high:.3f}; on {len(unseen)} new images {truth:.3f}")
    chance = (high - low) / 2
    if not low - chance <= truth <= high + chance:
        raise SystemExit("The estimate does not hold.")


def labels(files: list[Path]) -> list[str]:
    """The class of a file is the name of its folder."""
    return [file.parent.name for file in files]


if __name__ == "__main__":
    main()
