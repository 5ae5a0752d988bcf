"""The ways in which a classifier learns, and which of its parameters each of them takes."""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Mapping
from typing import Any

from hubel.core.card import Card
from hubel.core.language import say
from hubel.estimator.bases import ParameterError
from hubel.estimator.values import number, one_of
from hubel.models.registry import find_entry
from hubel.train.recipes import CLASSIC, MOST_EPOCHS, RECIPES
from hubel.train.scratch import Scratch, usual_network

BASE = "efficientnet_lite0"
"""The base that comes along; from scratch it stands for no name at all."""
Plan = Callable[[Mapping[str, Any]], Scratch | None]
"""Of the parameters: how a network is trained; None for a head on the features of a base."""


def features(parameters: Mapping[str, Any]) -> None:
    """A head on the features of a base; there are no epochs and no recipe.

    Raises
    ------
    ParameterError
        When one is given all the same.
    """
    for name in ("recipe", "epochs"):
        if parameters[name] is not None:
            value = parameters[name]
            raise ParameterError(
                say(
                    en=f"{name} does not take {value!r} with strategy='features', which trains no network. Leave it out, or set strategy='scratch'.",
                    ko=f"strategy='features'는 신경망을 학습하지 않으므로 {name} 값으로 {value!r} 을(를) 쓸 수 없습니다. 빼거나 strategy='scratch'를 쓰세요.",
                )
            )


def scratch(parameters: Mapping[str, Any]) -> Scratch:
    """A network of one's own, from random weights.

    Raises
    ------
    ParameterError
        When there is no such recipe, or that many epochs cannot be.
    ModelError
        When there is no such network.
    """
    recipe = CLASSIC
    if parameters["recipe"] is not None:
        recipe = RECIPES[one_of("recipe", parameters["recipe"], tuple(RECIPES))]
    if parameters["epochs"] is not None:
        epochs = number("epochs", parameters["epochs"], operator.index)
        if not 1 <= epochs <= MOST_EPOCHS:
            raise ParameterError(
                say(
                    en=f"epochs does not take {epochs}. Give a number from 1 to {MOST_EPOCHS}.",
                    ko=f"epochs 값으로 {epochs} 을(를) 쓸 수 없습니다. 1에서 {MOST_EPOCHS}까지의 수를 지정하세요.",
                )
            )
        recipe = recipe.with_epochs(epochs)
    model = os.fspath(parameters["model"])
    return Scratch(network=find_entry(usual_network(recipe) if model == BASE else model).name, recipe=recipe)


STRATEGIES: dict[str, Plan] = {"features": features, "scratch": scratch}
"""What `strategy` may be."""


def plan_of(parameters: Mapping[str, Any]) -> Scratch | None:
    """How a network is trained by these parameters; None for a head on the features of a base.

    Raises
    ------
    ParameterError
        When there is no such strategy, or another parameter does not go with it.
    """
    return STRATEGIES[one_of("strategy", parameters["strategy"], tuple(STRATEGIES))](parameters)


def parameters_of(card: Card) -> dict[str, Any]:
    """The parameters that lead to a run like this one."""
    if card.learning is None or "unfreeze" in card.learning.settings:  # a tuned base is fitted anew as a plain one
        return {}
    recipe = card.learning.settings["name"]
    return {
        "strategy": "scratch",
        "recipe": recipe if recipe in RECIPES else None,
        "epochs": card.learning.settings["epochs"],
    }
