"""Parquet files in the form of Hugging Face data sets become image files and a table."""

from __future__ import annotations

import io
import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from hubel.core.errors import DataError
from hubel.data.kept import TABLE
from hubel.data.parquet import Written, find_parquet, write_parquet
from hubel.data.sources import open_dataset

pyarrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")

FEATURES = {"image": {"_type": "Image"}, "label": {"_type": "ClassLabel", "names": ["cat", "dog/wolf"]}}


def encoded(level: int, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.full((8, 8, 3), level, np.uint8)).save(buffer, kind)
    return buffer.getvalue()


def shard(
    path: Path, images: list[Any], labels: list[Any], features: dict[str, Any] | None = None, *, label_type: Any = None
) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    struct = pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])
    schema = pyarrow.schema([("image", struct), ("label", label_type or pyarrow.int64())])
    if features is not None:
        schema = schema.with_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    rows = [{"bytes": image, "path": f"{at}.png"} for at, image in enumerate(images)]
    parquet.write_table(
        pyarrow.table(
            {"image": pyarrow.array(rows, struct), "label": pyarrow.array(labels, label_type)}, schema=schema
        ),
        path,
    )
    return path


def drain(steps: Generator[Any, None, Written]) -> Written:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            written: Written = end.value
            return written


def found(folder: Path) -> list[tuple[str, str | None, bytes]]:
    dataset = open_dataset(folder / TABLE)
    return [(dataset.classes[one.label], one.split, Path(one.path).read_bytes()) for one in dataset.examples]


def test_names_and_splits_come_from_metadata_and_file_names(tmp_path: Path) -> None:
    data = tmp_path / "set" / "data"
    shard(data / "train-00000-of-00002.parquet", [encoded(1), encoded(2, "JPEG")], [0, 1], FEATURES)
    shard(data / "train-00001-of-00002.parquet", [encoded(3)], [0], FEATURES)
    shard(data / "test-00000-of-00001.parquet", [encoded(4)], [1], FEATURES)
    written = drain(write_parquet(find_parquet(tmp_path / "set"), tmp_path / "out"))
    assert sorted(found(tmp_path / "out")) == sorted(
        [
            ("cat", "train", encoded(1)),
            ("dog/wolf", "train", encoded(2, "JPEG")),
            ("cat", "train", encoded(3)),
            ("dog/wolf", "test", encoded(4)),
        ]
    )
    assert (written.num_files, written.notes) == (4, ())
    assert {path.suffix for path in (tmp_path / "out").rglob("*") if path.is_file()} == {".png", ".jpg", ".csv"}


def test_labels_as_text_need_no_metadata(tmp_path: Path) -> None:
    path = shard(tmp_path / "pets.parquet", [encoded(1), encoded(2)], ["cat", "개"], label_type=pyarrow.string())
    drain(write_parquet(find_parquet(path), tmp_path / "out"))
    assert [(label, split) for label, split, _ in found(tmp_path / "out")] == [("cat", None), ("개", None)]


def test_numbers_without_names_are_the_classes(tmp_path: Path) -> None:
    drain(write_parquet([shard(tmp_path / "a.parquet", [encoded(1), encoded(2)], [7, 10])], tmp_path / "out"))
    assert [label for label, _, _ in found(tmp_path / "out")] == ["7", "10"]


def test_the_finer_of_two_labels_is_taken(tmp_path: Path) -> None:
    names = {"_type": "ClassLabel", "names": ["a", "b"]}
    table = pyarrow.table({"img": [encoded(1), encoded(2)], "coarse_label": [0, 0], "fine_label": [0, 1]})
    features = {"img": {"_type": "Image"}, "coarse_label": names, "fine_label": names}
    table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    parquet.write_table(table, tmp_path / "a.parquet")
    drain(write_parquet([tmp_path / "a.parquet"], tmp_path / "out"))
    assert [label for label, _, _ in found(tmp_path / "out")] == ["a", "b"]


def test_rows_without_image_or_label_are_counted(tmp_path: Path) -> None:
    path = shard(tmp_path / "a.parquet", [encoded(1), None, encoded(2), encoded(3)], [0, 0, -1, None], FEATURES)
    written = drain(write_parquet([path], tmp_path / "out"))
    assert [note[0] for note in written.notes] == [
        "Rows without an image in them, ignored: 1",
        "Rows without a label, ignored: 2",
    ]


def test_files_of_no_known_split_beside_split_files_are_left_out(tmp_path: Path) -> None:
    shard(tmp_path / "set" / "train-0.parquet", [encoded(1)], [0], FEATURES)
    shard(tmp_path / "set" / "extra-0.parquet", [encoded(2)], [1], FEATURES)
    written = drain(write_parquet(find_parquet(tmp_path / "set"), tmp_path / "out"))
    assert written.num_files == 1
    assert "extra-0.parquet" in written.notes[0][0]


def test_split_folders_of_parquet_files_are_found(tmp_path: Path) -> None:
    shard(tmp_path / "set" / "train" / "0000.parquet", [encoded(1)], [0], FEATURES)
    shard(tmp_path / "set" / "test" / "0000.parquet", [encoded(2)], [1], FEATURES)
    drain(write_parquet(find_parquet(tmp_path / "set"), tmp_path / "out"))
    assert [split for _, split, _ in found(tmp_path / "out")] == ["test", "train"]


def test_a_parquet_file_beside_class_folders_does_not_make_a_source_of_parquet(tmp_path: Path) -> None:
    shard(tmp_path / "features.parquet", [encoded(1)], [0])
    (tmp_path / "cat").mkdir()
    assert find_parquet(tmp_path) == []


def test_a_file_without_images_says_what_it_has(tmp_path: Path) -> None:
    parquet.write_table(pyarrow.table({"text": ["a"], "label": [0]}), tmp_path / "a.parquet")
    with pytest.raises(DataError, match="its columns: text, label"):
        drain(write_parquet([tmp_path / "a.parquet"], tmp_path / "out"))


def test_rows_that_only_name_their_images_are_not_enough(tmp_path: Path) -> None:
    path = shard(tmp_path / "a.parquet", [None, None], [0, 1], FEATURES)
    with pytest.raises(DataError, match="2 rows without the bytes of an image"):
        drain(write_parquet([path], tmp_path / "out"))


@pytest.mark.parametrize("content", [b"", b"PAR1", b"<html>", "cut"])
def test_a_damaged_file_says_so(content: Any, tmp_path: Path) -> None:
    path = shard(tmp_path / "a.parquet", [encoded(1)] * 50, [0] * 50, FEATURES)
    path.write_bytes(path.read_bytes()[:-40] if content == "cut" else content)
    with pytest.raises(DataError, match="cannot be read"):
        drain(write_parquet([path], tmp_path / "out"))


def test_foreign_metadata_is_ignored(tmp_path: Path) -> None:
    for number, metadata in enumerate((b"no json", b"[]", b'{"info": 3}', b'{"info": {"features": [1]}}')):
        table = pyarrow.table({"image": [encoded(1), encoded(2)], "label": ["a", "b"]})
        parquet.write_table(table.replace_schema_metadata({b"huggingface": metadata}), tmp_path / "a.parquet")
        assert drain(write_parquet([tmp_path / "a.parquet"], tmp_path / str(number))).num_files == 2
