"""A search that is kept: Optuna proposes, prunes and remembers in SQLite; one process asks and tells, whoever trains.

That only one process writes has reasons: SQLite is no place for several writers, and trials come out the same whenever they
are asked for in the same order. What Optuna draws for a trial depends on the seed and on how many trials came before, not on
how often the search was stopped.
"""

from __future__ import annotations

import warnings
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from hubel.core.events import EpochDone
from hubel.core.seeds import generator
from hubel.train.recipes import MOST_EPOCHS
from hubel.train.space import Space
from hubel.train.strategies import Score, Settings, Value

if TYPE_CHECKING:
    import optuna

TRIALS_FOR_IMPORTANCE = 20
"""From so many trials on, the best quarter has five, fewer of which say nothing about what they have in common."""
BEST_SHARE = 0.25
EPOCHS_BEFORE_PRUNING = 2

State = Literal["running", "complete", "pruned", "failed"]
ENDED: tuple[State, ...] = ("complete", "pruned", "failed")
"""In the order in which they stand in a table."""


@dataclass(frozen=True, slots=True)
class Job:
    """A trial to be run, by its number from 1 on."""

    number: int
    settings: Settings


@dataclass(frozen=True, slots=True)
class Row:
    """A trial as it is kept.

    `accuracy` is the best so far of one that was pruned or failed, None where there was none; `reason` is why it failed.
    """

    number: int
    state: State
    settings: Settings
    accuracy: float | None
    loss: float | None
    epochs: int
    seconds: float
    reason: str = ""


class Study:
    """A search in its folder, open for this process alone; see `study_folder.open_study`.

    Parameters
    ----------
    folder
        Where it is kept.
    space
        What is searched.
    seed
        For what is drawn.
    kept
        The search as Optuna has it.
    """

    def __init__(self, folder: Path, space: Space, seed: int, kept: optuna.Study) -> None:
        self.folder, self.space, self.seed, self.optuna = folder, space, seed, kept
        self.running: dict[int, optuna.Trial] = {}

    def begin_with(self, first: list[dict[str, Value]]) -> None:
        """Put what an interrupted search had begun in front of the queue; of a new one, these settings."""
        known = self.optuna.get_trials(deepcopy=False)
        if not known:
            for settings in first:
                self.optuna.enqueue_trial(settings)
        for trial in known:
            if trial.state.name == "RUNNING":
                self.optuna.tell(trial.number, state=state("FAIL"))
                self.optuna.enqueue_trial(trial.params)

    def next_job(self) -> Job | None:
        """The next trial; None when every combination has been tried."""
        found = self.ask()
        if found is None or found[1] in self.tried():
            fixed = self.untried()
            if found is not None:
                self.optuna.tell(found[0], state=state("FAIL"))  # it would come out as before
            if fixed is None:
                return None
            self.optuna.enqueue_trial(fixed)
            found = self.ask()
            assert found is not None
        trial, settings = found
        number = 1 + len(self.rows())
        trial.set_user_attr("number", number)
        trial.set_user_attr("settings", settings)
        self.running[number] = trial
        return Job(number, settings)

    def ask(self) -> tuple[optuna.Trial, dict[str, Value]] | None:
        """What Optuna proposes; None where it would be a strategy of which nothing is left."""
        import optuna

        waiting = self.optuna.get_trials(deepcopy=False, states=(state("WAITING"),))
        if (
            not waiting
            and "strategy" in self.space.candidates
            and set(self.open_strategies()) != set(self.space.strategies)
        ):
            return None
        number = len(self.rows())
        seed = int(generator(self.seed, f"trial {number}").integers(2**32))
        self.optuna.sampler = optuna.samplers.TPESampler(seed=seed)
        trial = self.optuna.ask()
        return trial, self.space.suggest(trial)

    def untried(self) -> dict[str, Value] | None:
        """Settings to try next where Optuna has nothing new: a strategy, or a whole combination where these can be counted.

        A strategy is drawn as often as it stands among the better half of the trials, and once more.
        """
        strategies = self.open_strategies()
        if not strategies:
            return None
        rows = self.rows()
        random = generator(self.seed, f"untried {len(rows)}")
        better = Counter(str(row.settings["strategy"]) for row in ranked(rows)[: len(rows) // 2])
        weights = [1 + better[strategy] for strategy in strategies]
        strategy = strategies[int(random.choice(len(strategies), p=[weight / sum(weights) for weight in weights]))]
        every = self.space.combinations(strategy)
        found: dict[str, Value] = {"strategy": strategy}
        if every is not None:
            tried = self.tried()
            new = [settings for settings in every if settings not in tried]
            found = new[int(random.integers(len(new)))]
        return {name: value for name, value in found.items() if name in self.space.candidates}

    def open_strategies(self) -> list[str]:
        """The strategies with settings that were not tried."""
        tried = self.tried()

        def is_open(strategy: str) -> bool:
            every = self.space.combinations(strategy)
            return every is None or any(settings not in tried for settings in every)

        return [strategy for strategy in self.space.strategies if is_open(strategy)]

    def tried(self) -> list[Settings]:
        """The settings of all trials so far."""
        return [row.settings for row in self.rows()]

    def must_prune(self, number: int, epoch: EpochDone) -> bool:
        """Note an epoch of a trial; whether it lies so far behind others of its strategy that it should be ended.

        A pretrained base is ahead from the first epoch on, which says nothing of where a network from scratch will end. So
        each strategy has epoch numbers of its own, and only those of equal numbers are compared.
        """
        trial = self.running[number]
        strategy = self.space.strategies.index(str(trial.user_attrs["settings"]["strategy"]))
        trial.report(epoch.validation_accuracy or 0.0, epoch.epoch + strategy * MOST_EPOCHS)
        trial.set_user_attr("epochs", epoch.epoch)
        return epoch.epoch >= EPOCHS_BEFORE_PRUNING and bool(trial.should_prune())

    def prune(self, number: int, seconds: float) -> None:
        """Note that a trial was ended, for it lay behind."""
        trial = self.running.pop(number)
        trial.set_user_attr("seconds", seconds)
        self.optuna.tell(trial, state=state("PRUNED"))

    def fail(self, number: int, reason: str, seconds: float) -> None:
        """Note that a trial could not be brought to its end. Optuna hears of one that was pruned, so that it learns to keep away."""
        self.running[number].set_user_attr("reason", reason)
        self.prune(number, seconds)

    def complete(self, number: int, score: Score, seconds: float) -> None:
        """Note how good a trial came out."""
        trial = self.running.pop(number)
        trial.set_user_attr("loss", score.loss)
        trial.set_user_attr("seconds", seconds)
        self.optuna.tell(trial, score.accuracy)

    def rows(self) -> list[Row]:
        """All trials by their number, those that run too."""
        states: dict[str, State] = {"RUNNING": "running", "COMPLETE": "complete", "PRUNED": "pruned"}
        trials = self.optuna.get_trials(deepcopy=False)
        return [
            row_of(trial, states[trial.state.name])
            for trial in trials
            if trial.state.name in states and "number" in trial.user_attrs
        ]

    def trained(self, number: int) -> Path | None:
        """The run folder of a trial that was trained as the best, if it is still there."""
        found = self.optuna.user_attrs.get("trained", {})
        return Path(found[str(number)]) if str(number) in found and Path(found[str(number)]).is_dir() else None

    def note_trained(self, number: int, run: Path) -> None:
        """Remember the run folder of a trial."""
        found = self.optuna.user_attrs.get("trained", {})
        self.optuna.set_user_attr("trained", found | {str(number): str(run.absolute())})

    def importance(self) -> dict[str, float]:
        """How much each setting decides whether a trial is among the best quarter, the most important first; shares of 1.

        By PED-ANOVA (Watanabe, Bansal and Hutter 2023, arXiv:2304.10255). Pruned trials count with what they had reached: that
        they were behind is known. Empty where trials do not differ.
        """
        import optuna

        copy = optuna.create_study(direction="maximize")
        values = set()
        for trial in self.optuna.get_trials(deepcopy=False, states=(state("COMPLETE"), state("PRUNED"))):
            value = reached(trial)
            values.add(value)
            copy.add_trial(optuna.create_trial(value=value, params=trial.params, distributions=trial.distributions))
        if len(values) < 2 or not any(trial.params for trial in copy.trials):
            return {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of few trials, which is said where the shares are shown
            evaluator = optuna.importance.PedAnovaImportanceEvaluator(target_quantile=BEST_SHARE)
            return optuna.importance.get_param_importances(copy, evaluator=evaluator)


def ranked(rows: list[Row]) -> list[Row]:
    """Trials with the best first: by accuracy, the lower loss among equals; pruned ones behind, and failed ones behind these."""
    done = [row for row in rows if row.state != "running"]
    return sorted(done, key=lambda row: (ENDED.index(row.state), -(row.accuracy or 0.0), row.loss or 0.0, row.number))


def row_of(trial: optuna.trial.FrozenTrial, how: State) -> Row:
    """A trial as it is kept."""
    attributes = trial.user_attrs
    return Row(
        number=attributes["number"],
        state="failed" if "reason" in attributes else how,
        settings=attributes["settings"],
        accuracy=trial.value if how == "complete" else max(trial.intermediate_values.values(), default=None),
        loss=attributes.get("loss"),
        epochs=attributes.get("epochs", 0),
        seconds=attributes.get("seconds", 0.0),
        reason=attributes.get("reason", ""),
    )


def reached(trial: optuna.trial.FrozenTrial) -> float:
    """How good a finished trial was, or had been when it was pruned."""
    return max(trial.intermediate_values.values(), default=0.0) if trial.value is None else trial.value


def state(name: str) -> Any:
    """Optuna's word for a trial's state."""
    from optuna.trial import TrialState

    return TrialState[name]
