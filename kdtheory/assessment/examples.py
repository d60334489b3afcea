"""Two real teachers on handwritten digits, each asked about digits that it was not trained on."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

from kdtheory import _check
from kdtheory._check import FloatArray
from kdtheory.assessment.files import TeacherInputs
from kdtheory.readers import shipped_dataset

EXAMPLES = {
    "digits": "scikit-learn's handwritten digits: logistic regression and a forest of shallow "
    "trees as teachers, one such tree as the student; one label per digit",
}
"""Name -> what it shows."""

FOLDS = 5
DEPTH = 5
TREES = 50


def example_inputs(name: str, seed: Any = 0) -> TeacherInputs:
    """Returns teachers, labels and a student's losses for data that come with scikit-learn.

    Every prediction is made by a model that was trained on the other four fifths of the data: a
    teacher here is five models, and they have seen the labels of other examples. The student's loss
    is Brier's, so that its range is known.

    Args:
        name: one of `EXAMPLES`.
        seed: of the folds and of the forest.

    Raises:
        InputError: for a name that there is none of, or without scikit-learn.
    """
    if name not in EXAMPLES:
        _check.refuse("example", repr(name), f"one of {', '.join(EXAMPLES)}", "Choose one of them.")
    from kdtheory.losses import brier

    number = _check.integer("seed", seed, low=0)
    bunch = shipped_dataset("digits")
    pixels, labels = np.asarray(bunch.data, float) / 16.0, np.asarray(bunch.target)
    student = np.asarray(brier(predictions("student", pixels, labels, number)), float)
    names = ("logistic regression", "random forest")
    teachers = {one: predictions(one, pixels, labels, number) for one in names}
    return TeacherInputs(teachers, labels, student)


def predictions(model: str, inputs: FloatArray, labels: Any, seed: int) -> FloatArray:
    """Returns predicted probabilities, of examples that the model was not trained on.

    Args:
        model: "logistic regression", "random forest" or "student".
        inputs: ``(examples, features)``.
        labels: integers.
        seed: of the folds and of the forest.
    """
    selection = importlib.import_module("sklearn.model_selection")
    folds = selection.StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    made = _model(model, seed)
    return np.asarray(
        selection.cross_val_predict(made, inputs, labels, cv=folds, method="predict_proba")
    )


def _model(name: str, seed: int) -> Any:
    if name == "random forest":
        ensemble = importlib.import_module("sklearn.ensemble")
        return ensemble.RandomForestClassifier(TREES, max_depth=DEPTH, random_state=seed)
    if name == "student":
        return importlib.import_module("sklearn.tree").DecisionTreeClassifier(
            max_depth=DEPTH, random_state=seed
        )
    return importlib.import_module("sklearn.linear_model").LogisticRegression(max_iter=1000)
