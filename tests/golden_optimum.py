"""Adapters of the golden section of optimal hyperparameters: inputs -> what the package returns."""

from kdtheory.decomposition import decompose, optimal_design


def _best(inputs):
    """The entry's name says which objective: J is the bound, K the divergence."""
    return optimal_design(
        inputs["X"],
        inputs["Ws"],
        noise_std=inputs["nu"],
        objective=_objective(inputs),
        hold=("noise_std", "student_covariance"),
    )


def _objective(inputs):
    return "bound" if inputs["id"].startswith("J") else "divergence"


def _at_half_and_three_halves(inputs):
    found = decompose(
        inputs["X"],
        inputs["Ws"],
        noise_std=inputs["nu"],
        prior_precision=0.5,
        inverse_temperature=1.5,
    )
    return getattr(found, _objective(inputs))


ADAPTERS = {
    ("optimal_hyperparameters", "lam"): lambda inputs: _best(inputs).prior_precision,
    ("optimal_hyperparameters", "beta"): lambda inputs: _best(inputs).inverse_temperature,
    ("optimal_hyperparameters", "value"): lambda i: getattr(_best(i), _objective(i)),
    ("optimal_hyperparameters", "value_at_0p5_1p5"): _at_half_and_three_halves,
}
