"""What coalitions' pooled rows teach an estimator, however many processes fit it."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier

from fedmerit.errors import GameError, TrainingError
from fedmerit.federation import federate, load_builtin
from fedmerit.federation.behaviours import Honest
from fedmerit.federation.data.consortium import Federation, Member
from fedmerit.federation.data.partition import Partition
from fedmerit.federation.pooled.estimators import EstimatorSpec, chances
from fedmerit.federation.pooled.game import PooledGame
from fedmerit.incentives import value

TREES = EstimatorSpec(
    path="sklearn.ensemble:HistGradientBoostingClassifier", arguments={"max_iter": 5}
)
TREE = EstimatorSpec(path="sklearn.tree:DecisionTreeClassifier", arguments={"max_depth": 4})
FOREST = EstimatorSpec(
    path="sklearn.ensemble:RandomForestClassifier", arguments={"n_estimators": 5, "n_jobs": 2}
)
LOGISTIC = EstimatorSpec(path="sklearn.linear_model:LogisticRegression")
EVERY = np.array([[int(c) for c in f"{k:04b}"] for k in range(16)], dtype=np.bool_)

DRAWING = """
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

class Drawing(ClassifierMixin, BaseEstimator):
    def fit(self, x, y):
        self.classes_, self.p = np.unique(y), np.random.random()
        return self

    def predict_proba(self, x):
        found = np.full((len(x), len(self.classes_)), 1 - self.p)
        found[:, 0] = self.p
        return found
"""


@pytest.fixture(scope="module")
def federation():
    partition = Partition(recipe="dirichlet", participants=4, alpha=0.3)
    return federate(load_builtin("digits"), seed=3, partition=partition)


def small(*members, classes=("no", "yes", "perhaps")):
    """Give a federation of these members' labels, of one column that says them."""
    made = tuple(
        Member(
            name=f"m{k}",
            features=np.array(labels, np.float32).reshape(-1, 1),
            labels=np.array(labels, np.int64),
            declared_rows=max(1, len(labels)),
            behaviour=Honest(),
        )
        for k, labels in enumerate(members)
    )
    return Federation(
        name="small",
        members=made,
        classes=classes,
        feature_names=("x",),
        validation_features=np.array([[0], [1], [2], [1]], np.float32),
        validation_labels=np.array([0, 1, 2, 1]),
        validation_owners=np.array([0, 0, 1, 1]),
    )


def test_a_coalitions_gain_is_that_of_the_estimator_fitted_to_its_rows_by_hand(federation):
    game = PooledGame(federation, TREE, seed=9, workers=1)
    inside = [federation.members[k] for k in (0, 2)]
    features = np.concatenate([member.features for member in inside])
    labels = np.concatenate([member.labels for member in inside])
    state = TREE.build(9).random_state
    fitted = DecisionTreeClassifier(max_depth=4, random_state=state).fit(features, labels)
    votes = np.zeros((len(federation.validation_labels), 10))
    votes[:, fitted.classes_] = fitted.predict_proba(federation.validation_features)
    likely = (len(labels) * votes + 1) / (len(labels) + 10)
    own = likely[np.arange(len(likely)), federation.validation_labels]

    [gains] = game.worth_by_row(np.array([[True, False, True, False]]))

    assert gains == pytest.approx(np.log(own) + np.log(10), abs=2e-6)


@pytest.mark.parametrize(
    "spec", [FOREST, pytest.param(TREES, marks=pytest.mark.slow)], ids=["forest", "trees"]
)
def test_numbers_do_not_depend_on_how_many_processes_there_are(federation, spec):
    one, two = (
        PooledGame(federation, spec, seed=1, workers=workers).worth_by_row(EVERY)
        for workers in (1, 2)
    )

    assert (one == two).all()


def test_an_estimator_that_draws_from_numpys_own_state_gives_the_same_numbers(
    federation, tmp_path, monkeypatch
):
    (tmp_path / "drawing_estimator.py").write_text(DRAWING)
    monkeypatch.syspath_prepend(tmp_path)
    spec = EstimatorSpec(path="drawing_estimator:Drawing")
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - what it may not move

    one, again = (
        PooledGame(federation, spec, seed=1, workers=1).worth_by_row(EVERY) for _ in range(2)
    )

    assert (one == again).all()
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002 - as above
    sys.modules.pop("drawing_estimator")


def test_another_seed_is_another_state(federation):
    one, other = (
        PooledGame(federation, FOREST, seed=s, workers=1).worth(EVERY[-1:]) for s in (1, 2)
    )

    assert one != other


def test_rows_of_a_single_class_and_no_rows_at_all_have_an_answer():
    game = PooledGame(small([0, 0, 0], [1, 2], []), LOGISTIC, seed=0, workers=1)
    coalitions = np.array([[1, 0, 0], [0, 0, 1], [0, 0, 0], [0, 1, 1]], dtype=np.bool_)

    one_class, no_rows, nobody, two_classes = game.chances(coalitions)

    assert one_class == pytest.approx(np.tile([4 / 6, 1 / 6, 1 / 6], (4, 1)))
    assert no_rows == pytest.approx(np.full((4, 3), 1 / 3))
    assert nobody == pytest.approx(np.full((4, 3), 1 / 3))
    assert two_classes[:, 0] == pytest.approx(1 / 5)  # a class that it has no row of
    assert two_classes.sum(axis=1) == pytest.approx(1)
    assert np.isfinite(game.worth_by_row(coalitions)).all()


@pytest.mark.parametrize("method", ["exact", "antithetic", "leave-one-out"])
def test_a_member_without_rows_is_worth_nothing(method):
    game = PooledGame(small([0, 1, 2], [1, 2, 0], []), LOGISTIC, seed=0, workers=1)

    found = value(game, method=method, budget=40, seed=4)

    assert found.values[2] == 0.0
    assert method == "leave-one-out" or found.values.sum() == pytest.approx(
        game.worth(np.ones((1, 3), np.bool_))[0]
    )


def test_copies_of_rows_are_worth_the_same():
    game = PooledGame(small([0, 1, 2, 1], [0, 1, 2, 1], [2]), LOGISTIC, seed=0, workers=1)

    found = value(game, method="exact", budget=8, seed=0)

    # Members' order is the rows' order: the optimiser may end a rounding elsewhere.
    assert found.values[0] == pytest.approx(found.values[1], abs=1e-4)


@pytest.mark.parametrize(
    ("path", "arguments", "said"),
    [
        ("sklearn.svm:LinearSVC", {}, "no predict_proba"),
        ("sklearn.linear_model:SGDClassifier", {}, "no predict_proba"),
        ("sklearn.linear_model:LogisticRegression", {"random_state": 3}, "random_state"),
        ("sklearn.linear_model:LogisticRegression", {"depth": 3}, "cannot be made"),
        ("sklearn.linear_model:LogisticRegresion", {}, "cannot be imported"),
        ("no_such_package:Classifier", {}, "cannot be imported"),
        ("os:system", {"command": "exit"}, "no subclass"),
        ("subprocess:Popen", {"args": "exit"}, "no subclass"),
        ("sklearn.base:clone", {}, "no subclass"),
        (":", {}, "cannot be imported"),
    ],
)
def test_what_cannot_score_rows_by_probabilities_is_refused(path, arguments, said):
    with pytest.raises(TrainingError, match=said) as refused:
        EstimatorSpec(path=path, arguments=arguments).build(0)

    assert refused.value.hint


def test_a_missing_package_is_named_with_what_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.tree", None)

    with pytest.raises(TrainingError) as refused:
        EstimatorSpec(path="sklearn.tree:DecisionTreeClassifier").build(0)

    assert "pip install scikit-learn" in refused.value.hint


def test_a_coalition_that_the_estimator_cannot_learn_from_is_named():
    spec = EstimatorSpec(
        path="sklearn.neighbors:KNeighborsClassifier", arguments={"n_neighbors": 4}
    )
    game = PooledGame(small([0, 1, 2], [1, 2]), spec, seed=0, workers=1)

    assert np.isfinite(game.worth(np.array([[True, True]]))).all()
    with pytest.raises(TrainingError, match=r"the rows of m1: .* cannot be fitted to 2 rows"):
        game.worth(np.array([[True, True], [False, True]]))


def test_coalitions_of_another_size_are_refused():
    game = PooledGame(small([0, 1], [1, 2]), LOGISTIC, seed=0)

    with pytest.raises(GameError, match="do not fit 2 participants"):
        game.worth(np.ones((1, 3), dtype=np.bool_))


@pytest.mark.parametrize("wrong", ["np.full((len(x), 2), np.nan)", "-np.ones((len(x), 2))", "x"])
def test_probabilities_that_are_none_are_refused(tmp_path, monkeypatch, wrong):
    (tmp_path / "wrong_estimator.py").write_text(
        "import numpy as np\nfrom sklearn.base import BaseEstimator\n"
        "class Wrong(BaseEstimator):\n"
        "    def fit(self, x, y):\n        self.classes_ = np.unique(y)\n        return self\n"
        f"    def predict_proba(self, x):\n        return {wrong}\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "wrong_estimator", raising=False)
    training = np.zeros((4, 1), np.float32), np.array([0, 1, 0, 1])

    with pytest.raises(TrainingError, match="no probabilities"):
        chances(
            EstimatorSpec(path="wrong_estimator:Wrong"), training, training[0], classes=2, seed=0
        )
    sys.modules.pop("wrong_estimator")
