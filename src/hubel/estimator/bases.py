"""What the classifier inherits from scikit-learn, stand-ins where it is not installed, and errors that are both hubel's and its.

scikit-learn expects a ValueError where a caller gave something wrong; hubel tells data from usage. These errors are both.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hubel.core.errors import DataError, MissingExtraError, UsageError

try:
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.exceptions import NotFittedError
except ModuleNotFoundError:  # the base install, in which a finished run can still be loaded and used

    class BaseEstimator:  # type: ignore[no-redef] # one of the two is defined
        """Stands in for scikit-learn's."""

    class ClassifierMixin:  # type: ignore[no-redef] # as above
        """Stands in for scikit-learn's."""

    class NotFittedError(ValueError, AttributeError):  # type: ignore[no-redef] # as above
        """Stands in for scikit-learn's."""


__all__ = ["BaseEstimator", "ClassifierMixin", "InputError", "ParameterError", "UnfittedError", "as_value_errors"]


class InputError(DataError, ValueError):
    """Images or labels that cannot be used."""


class ParameterError(UsageError, ValueError):
    """A parameter or argument that does not fit."""


class UnfittedError(UsageError, NotFittedError):  # type: ignore[misc] # scikit-learn has no types
    """There is no model yet."""


@contextmanager
def as_value_errors() -> Iterator[None]:
    """Errors of the workflows as errors that are ValueErrors too, with the same message and exit code."""
    try:
        yield
    except (InputError, MissingExtraError, ParameterError):
        raise
    except DataError as error:
        raise InputError(str(error)) from error
    except UsageError as error:
        raise ParameterError(str(error).removeprefix("--")) from error  # a parameter here is an option there
