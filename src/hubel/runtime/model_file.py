"""What `model.onnx` says of itself, read without running it and without the `onnx` package.

An ONNX file is a protocol-buffer message: numbered fields, some of which are messages again. Of `onnx.proto` only the
numbers of the fields on the way to the metadata and to the tensors are needed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hubel.core.card import Card, answering_metadata
from hubel.core.errors import ModelError
from hubel.core.language import say

MODEL_GRAPH, MODEL_METADATA = 7, 14
GRAPH_NODE, GRAPH_TENSOR, GRAPH_SPARSE_TENSOR = 1, 5, 15
NODE_ATTRIBUTE = 5
ATTRIBUTE_TENSOR, ATTRIBUTE_GRAPH, ATTRIBUTE_TENSORS, ATTRIBUTE_GRAPHS = 5, 6, 10, 11
SPARSE_VALUES, SPARSE_INDICES = 1, 2
TENSOR_EXTERNAL, TENSOR_LOCATION = 13, 14

Message = memoryview


def check_model_file(model: Path, card: Card) -> None:
    """Refuse a model that is not the card's, or that takes its weights from other files.

    Raises
    ------
    ModelError
        When the file is no ONNX model, keeps weights elsewhere, or names another class map, image spec, view or
        temperature than the card.
    """
    try:
        message = memoryview(model.read_bytes())
        metadata = read_metadata(message)
        outside = any(uses_other_files(graph) for graph in parts(message, MODEL_GRAPH))
    except (OSError, ValueError, IndexError, RecursionError) as error:
        raise ModelError(
            say(
                en=f"{model} cannot be read as an ONNX model: {error}. Restore the run folder or train again.",
                ko=f"{model} 을(를) ONNX 모델로 읽을 수 없습니다: {error}. 실행 폴더를 복원하거나 다시 학습하세요.",
            )
        ) from error
    if outside:
        raise ModelError(
            say(
                en=f"{model} takes weights from other files, which no model of hubel does. Restore the run folder or train again.",
                ko=f"{model} 은(는) 다른 파일에서 가중치를 가져옵니다. hubel 모델은 그렇게 하지 않습니다. 실행 폴더를 복원하거나 다시 학습하세요.",
            )
        )
    for key, expected in described(card).items():
        if metadata.get(key) != expected:
            raise ModelError(
                say(
                    en=f"{model} and its card do not belong together: {key} is {shortened(metadata.get(key))} in the model "
                    f"and {shortened(expected)} in card.json. Restore the run folder or train again.",
                    ko=f"{model} 과 카드가 서로 맞지 않습니다: {key} 이(가) 모델에는 {shortened(metadata.get(key))}, "
                    f"card.json에는 {shortened(expected)} 입니다. 실행 폴더를 복원하거나 다시 학습하세요.",
                )
            )


def described(card: Card) -> dict[str, str]:
    """What of the card stands in the model's metadata too, in the same words."""
    return {
        "classes": json.dumps(card.classes, ensure_ascii=False),
        "image_spec": card.image.model_dump_json(),
        "views": json.dumps(card.views),
        "temperature": repr(card.temperature),
        **answering_metadata(card),
    }


def read_metadata(message: Message) -> dict[str, str]:
    """The model's key-value pairs."""
    pairs = (dict(fields(pair)) for pair in parts(message, MODEL_METADATA))
    return {bytes(pair.get(1, b"")).decode(): bytes(pair.get(2, b"")).decode() for pair in pairs}


def uses_other_files(graph: Message) -> bool:
    """Whether a tensor of the graph, or of a graph inside it, lies in another file."""
    return any(map(is_outside, tensors(graph)))


def tensors(graph: Message) -> Iterator[Message]:
    """All tensors of a graph and of the graphs in its nodes."""
    yield from parts(graph, GRAPH_TENSOR)
    for sparse in parts(graph, GRAPH_SPARSE_TENSOR):
        yield from parts(sparse, SPARSE_VALUES, SPARSE_INDICES)
    for node in parts(graph, GRAPH_NODE):
        for attribute in parts(node, NODE_ATTRIBUTE):
            yield from parts(attribute, ATTRIBUTE_TENSOR, ATTRIBUTE_TENSORS)
            for inner in parts(attribute, ATTRIBUTE_GRAPH, ATTRIBUTE_GRAPHS):
                yield from tensors(inner)


def is_outside(tensor: Message) -> bool:
    """Whether a tensor names another file as its place."""
    return any(number == TENSOR_EXTERNAL or (number == TENSOR_LOCATION and value) for number, value in fields(tensor))


def parts(message: Message, *numbers: int) -> Iterator[Message]:
    """The inner messages in fields of these numbers."""
    return (value for number, value in fields(message) if number in numbers and isinstance(value, memoryview))


def fields(message: Message) -> Iterator[tuple[int, Any]]:
    """Number and value of each field: an int, or the bytes of a string or inner message."""
    at = 0
    while at < len(message):
        tag, at = varint(message, at)
        kind = tag & 7
        if kind == 0:
            value, at = varint(message, at)
            yield tag >> 3, value
            continue
        if kind == 2:
            size, at = varint(message, at)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise ValueError(f"field kind {kind}")
        if at + size > len(message):
            raise ValueError("truncated")
        yield tag >> 3, message[at : at + size]
        at += size


def varint(message: Message, at: int) -> tuple[int, int]:
    """A number of variable length, seven bits a byte, and the place after it."""
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("number too long")


def shortened(text: str | None) -> str:
    """A value as it fits into a message."""
    return "–" if text is None else text if len(text) <= 120 else f"{text[:117]}…"
