"""`README.md` of a run folder: the model card, in the form the Hugging Face Hub reads."""

from __future__ import annotations

import json
from collections.abc import Sequence

from hubel.core.card import Card, Metrics
from hubel.core.ledger import LedgerSummary

PROTOCOLS = {
    "test": ("the user's test images", "사용자의 테스트 이미지"),
    "validation": ("the user's validation images", "사용자의 검증 이미지"),
    "cross-validation": (
        "cross-validation, each image judged by a head that had not seen it",
        "교차 검증: 각 이미지를 보지 않은 분류기로 평가",
    ),
    "holdout": ("a held-out fifth of the images", "따로 떼어 둔 이미지 5분의 1"),
}


def model_card(name: str, card: Card, warnings: Sequence[tuple[str, str]] = ()) -> str:
    """The card as Markdown with YAML front matter, English and Korean; `warnings` say in both what makes the model worth less."""
    metrics, provenance = card.metrics, card.provenance
    figure, (low, high), english_figure, korean_figure = headline(card)
    english, korean = PROTOCOLS[metrics.protocol]
    classes = ", ".join(inline(entry) for entry in card.classes)
    kind, korean_kind = KINDS[card.task]
    return "\n".join(
        [
            front_matter(printable(name), metrics),
            f"# {inline(name)}",
            "",
            f"An image classifier with {len(card.classes)} {kind}: {classes}. Made by hubel {provenance.versions.get('hubel', '')}.",
            "",
            f"{korean_kind} {len(card.classes)}개를 구분하는 이미지 분류기입니다: {classes}. hubel로 만들었습니다.",
            "",
            "## Results · 결과",
            "",
            f"{english_figure} {figure:.2%}, 95 % interval {low:.2%} to {high:.2%}, on {metrics.num_images} images ({english}).",
            "",
            f"{korean_figure} {figure:.2%}, 95 % 신뢰구간 {low:.2%}–{high:.2%}, 이미지 {metrics.num_images}장({korean}).",
            *leak_lines(metrics),
            "",
            "| class · 클래스 | precision · 정밀도 | recall · 재현율 | F1 | images · 이미지 수 |",
            "|---|---|---|---|---|",
            *(
                f"| {inline(row.name)} | {row.precision:.3f} | {row.recall:.3f} | {row.f1:.3f} | {row.support} |"
                if row.support
                else f"| {inline(row.name)} | – | – | – | 0 |"  # not measured
                for row in metrics.per_class
            ),
            "",
            f"Balanced accuracy {metrics.balanced_accuracy:.4f} · log loss {metrics.log_loss:.4f} · Brier {metrics.brier:.4f} · ECE {metrics.ece:.4f}",
            "",
            *warning_lines(warnings),
            "## Use · 사용",
            "",
            "```",
            f"hubel predict {printable(name)} photo.jpg",
            "```",
            "",
            input_line(card),
            "",
            "## Provenance · 출처",
            "",
            f"- base · 기반 모델: {inline(card.base.name)} ({inline(card.base.source)}), licence · 라이선스: {inline(card.base.licence)}",
            f"- command · 명령: `{provenance.command.replace('`', chr(39))}`, seed {provenance.seed}",
            f"- data · 데이터: {provenance.num_train} training images, SHA-256 `{provenance.data_sha256}`",
            *ledger_lines(card.ledger),
            f"- made · 제작: {provenance.created}, {inline(provenance.machine)}, {provenance.engine}",
            "- The head's weights are yours. · 학습된 가중치는 사용자의 것입니다.",
            "",
        ]
    )


KINDS = {
    "multi-class": ("classes", "클래스"),
    "multi-label": ("labels, any number of them an image", "이미지마다 여럿일 수 있는 레이블"),
}


def headline(card: Card) -> tuple[float, tuple[float, float], str, str]:
    """The figure by which the model is judged first, its interval, and its name in English and Korean."""
    if card.labels is None:
        return card.metrics.accuracy, card.metrics.accuracy_interval, "Accuracy", "정확도"
    figure, interval = card.labels.mean_average_precision, card.labels.mean_average_precision_interval
    return figure, interval, "Mean average precision", "평균 정밀도의 평균(mAP)"


def warning_lines(warnings: Sequence[tuple[str, str]]) -> list[str]:
    """What to know before the model is trusted."""
    if not warnings:
        return []
    lines = (f"- {inline(english)}<br>{inline(korean)}" for english, korean in warnings)
    return ["## Before you trust it · 믿기 전에 볼 것", "", *lines, ""]


def leak_lines(metrics: Metrics) -> list[str]:
    """That the model has learned from copies of images that it was measured on, where it has."""
    leak = metrics.leak
    if leak is None:
        return []
    number = leak.num_exact + leak.num_near
    return [
        "",
        f"**The model has learned from copies, or near duplicates, of {number} of these images, so the figures look better than they are.**",
        "",
        f"**모델이 학습한 이미지와 같거나 거의 같은 이미지가 {number}장 들어 있어 수치가 실제보다 좋게 나옵니다.**",
    ]


def ledger_lines(ledger: LedgerSummary | None) -> list[str]:
    """The licences and sources of the images, as far as they are known."""
    if ledger is None:
        return []
    licences = "; ".join(f"{inline(name)}: {number}" for name, number in ledger.licences.items())
    known = f"{licences}; " if licences else ""
    unknown = f"unknown · 알 수 없음: {ledger.num_without_licence}"
    lines = [f"- images' licences · 이미지 라이선스: {known}{unknown} (`ledger.csv`)"]
    sources = "; ".join(f"{inline(name)}: {number}" for name, number in ledger.sources.items())
    return [*lines, f"- images' sources · 이미지 출처: {sources}"] if sources else lines


def front_matter(name: str, metrics: Metrics) -> str:
    """The YAML block; JSON strings are YAML strings."""
    quoted = json.dumps(name, ensure_ascii=False)
    return "\n".join(
        [
            "---",
            "library_name: hubel",
            "pipeline_tag: image-classification",
            "tags: [image-classification, onnx, hubel]",
            "model-index:",
            f"  - name: {quoted}",
            "    results:",
            "      - task: {type: image-classification}",
            f"        dataset: {{name: {quoted}, type: imagefolder}}",
            "        metrics:",
            f"          - {{type: accuracy, value: {metrics.accuracy:.6f}}}",
            f"          - {{type: f1, name: macro F1, value: {metrics.macro_f1:.6f}}}",
            "---",
            "",
        ]
    )


def input_line(card: Card) -> str:
    """What another runtime must feed the graph."""
    size = card.image.size
    return (
        f"`model.onnx` takes `pixels`, uint8 RGB of shape (n, {size}, {size}, 3), upright, resized by "
        f"`{card.image.resize}` ({card.image.filter}, antialiased), and gives `probabilities`. Scaling is inside."
    )


def inline(text: str) -> str:
    r"""Text that cannot break out of its line, cell or paragraph.

    Examples
    --------
    >>> inline("a|b<i>")
    'a\\|b&lt;i>'
    """
    return printable(text).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("`", "'")


def printable(text: str) -> str:
    """Text on one line that can be written as UTF-8."""
    return " ".join(text.encode("utf-8", "backslashreplace").decode().split())
