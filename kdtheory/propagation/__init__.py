r"""How uncertainty passes from a stochastic teacher to a linear student.

`uncertainty_budget` splits the variance of a student's answers into teacher response, student
training and student inference; `budget_from_samples` estimates the same split for students of any
kind from what they answered. `combine` finds the best combination of correlated estimates, such
as a teacher's answer and a student's prediction. ``linear`` and ``weights`` hold the formulas as
functions of arrays, which compile.

    >>> import numpy as np
    >>> print(uncertainty_budget(np.ones((4, 1)), sigma=2.0, k=1).text())
    4 inputs, 1 features (rank 1), one response per input, correlation 0, head: averages
    teacher response                 1   25.0%
    student training                 0    0.0%
    student inference                3   75.0%
    total                            4
    teacher                          4
"""

from kdtheory.propagation.budget import uncertainty_budget
from kdtheory.propagation.combination import Combination, combine
from kdtheory.propagation.figures import plot_budgets
from kdtheory.propagation.linear import (
    averaged_variance,
    inter_student_variance,
    intra_student_variance,
    pooled_intra_student_variance,
    random_design_variance,
    response_weights,
    student_covariance,
    weighted_student_covariance,
)
from kdtheory.propagation.records import UncertaintyBudget
from kdtheory.propagation.sampled import SampledBudget, budget_from_samples
from kdtheory.propagation.weights import (
    best_convex_variance,
    claimed_weights_variance,
    combined_variance,
    estimated_weights_variance,
    inverse_variance_weights,
    matrix_combined_covariance,
    matrix_weight,
    minimum_variance,
    minimum_variance_weights,
    pair_variance,
    pair_weight,
    vector_weights,
)

__all__ = [
    "Combination",
    "SampledBudget",
    "UncertaintyBudget",
    "averaged_variance",
    "best_convex_variance",
    "budget_from_samples",
    "claimed_weights_variance",
    "combine",
    "combined_variance",
    "estimated_weights_variance",
    "inter_student_variance",
    "intra_student_variance",
    "inverse_variance_weights",
    "matrix_combined_covariance",
    "matrix_weight",
    "minimum_variance",
    "minimum_variance_weights",
    "pair_variance",
    "pair_weight",
    "plot_budgets",
    "pooled_intra_student_variance",
    "random_design_variance",
    "response_weights",
    "student_covariance",
    "uncertainty_budget",
    "vector_weights",
    "weighted_student_covariance",
]
