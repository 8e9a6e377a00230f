"""An estimator by its import path, and what it says of rows when it is fitted to others.

Whatever is fitted, its probabilities count as many votes as it had rows, beside one vote for
each class (Laplace, 1814): no row's log-likelihood is infinite, and rows of a single class, which
most estimators refuse, have an answer.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping  # noqa: TC003 - a dataclass's field
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from threadpoolctl import threadpool_limits

from fedmerit.errors import TrainingError
from fedmerit.streams import derived_seed

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: What random_state takes.
_STATES: Final = 2**32


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimatorSpec:
    """What is fitted."""

    path: str
    """``package.module:Class``, of scikit-learn's form."""
    arguments: Mapping[str, int | float | str | bool] = field(default_factory=dict)
    """Keyword arguments of its constructor."""

    def build(self, seed: int) -> Any:  # noqa: ANN401 - scikit-learn has no types
        """Make the estimator; where it draws, it draws by *seed*.

        Raises:
            TrainingError: It cannot be imported or made, or gives no probabilities.
        """
        make = _imported(self.path)
        if "random_state" in self.arguments:
            raise TrainingError(
                "random_state is given, and the scenario's seed decides it",
                hint="Leave it out of [model.arguments], and set seed.",
            )
        try:
            estimator = make(**self.arguments)
        except Exception as error:
            raise TrainingError(
                f"{self.path} cannot be made with {dict(self.arguments)}: {error}",
                hint="[model.arguments] are the keyword arguments of its constructor.",
            ) from error
        if not hasattr(estimator, "predict_proba"):
            raise TrainingError(
                f"{self.path} has no predict_proba so made, and rows are scored by probabilities",
                hint="Choose one that has, or the argument that gives it one, such as "
                'loss = "log_loss" of SGDClassifier.',
            )
        free = [name for name in estimator.get_params() if name.endswith("random_state")]
        return estimator.set_params(**dict.fromkeys(free, _state(seed)))


def chances(
    spec: EstimatorSpec,
    training: tuple[NDArray[np.float32], NDArray[np.int64]],
    rows: NDArray[np.float32],
    *,
    classes: int,
    seed: int,
) -> NDArray[np.float64]:
    """Fit an estimator and give its probabilities for other rows, ``(rows, classes)``.

    Args:
        spec: What to fit.
        training: Features ``(n, columns)`` and classes ``(n,)`` to fit it to.
        rows: Features of the others.
        classes: How many there are; the training rows may lack some.
        seed: The run's seed.

    Raises:
        TrainingError: It cannot be fitted to these rows, or its probabilities are none.
    """
    features, labels = training
    votes = np.zeros((len(rows), classes))
    present = np.unique(labels)
    if len(present) == 1:
        votes[:, present[0]] = 1.0
    elif len(present):
        votes = _fitted(spec, training, rows, classes, seed)
    return np.asarray((len(features) * votes + 1) / (len(features) + classes))


def _fitted(
    spec: EstimatorSpec,
    training: tuple[NDArray[np.float32], NDArray[np.int64]],
    rows: NDArray[np.float32],
    classes: int,
    seed: int,
) -> NDArray[np.float64]:
    estimator = spec.build(seed)
    before = np.random.get_state()  # noqa: NPY002 - others' estimators draw from it
    np.random.seed(_state(seed))  # noqa: NPY002 - as above
    try:
        # Sums of as many threads as there are cores would differ by their number.
        with threadpool_limits(1), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = np.asarray(estimator.fit(*training).predict_proba(rows), dtype=np.float64)
    except Exception as error:
        raise TrainingError(
            f"{spec.path} cannot be fitted to {len(training[0])} rows: {error}",
            hint="It has to learn from any member's rows alone: see [model.arguments].",
        ) from error
    finally:
        np.random.set_state(before)  # noqa: NPY002 - as above
    known = np.asarray(estimator.classes_, dtype=np.int64)
    if found.shape != (len(rows), len(known)) or not (np.isfinite(found) & (found >= 0)).all():
        raise TrainingError(
            f"{spec.path} gives {found.shape} numbers for {len(rows)} rows and {len(known)} "
            "classes that are no probabilities",
            hint="predict_proba has to give one finite number per class, 0 or more.",
        )
    votes = np.zeros((len(rows), classes))
    votes[:, known] = found / np.maximum(found.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    return votes


def _imported(path: str) -> Any:  # noqa: ANN401 - as above
    module, _, name = path.partition(":")
    try:
        make = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        package = module.partition(".")[0]
        raise TrainingError(
            f"the estimator {path!r} cannot be imported: {error}",
            hint="Install scikit-learn: pip install scikit-learn"
            if package == "sklearn" and isinstance(error, ImportError)
            else f"Give 'package.module:Class', and install {package or 'its package'}.",
        ) from error
    from sklearn.base import BaseEstimator  # noqa: PLC0415 - a second that others do not need

    # Nothing else is ever called: the name may come out of somebody's bundle.
    if not isinstance(make, type) or not issubclass(make, BaseEstimator):
        raise TrainingError(
            f"{path} is no subclass of sklearn.base.BaseEstimator", hint="Name such a class."
        )
    return make


def _state(seed: int) -> int:
    return derived_seed(seed, "training", "estimator") % _STATES
