"""The decomposition of one design: what adds up, what is refused, what is drawn."""

import importlib
import json

import numpy as np
import pytest

from kdtheory._check import InputError
from kdtheory.decomposition import MEANINGS, Decomposition, decompose, sweep_design
from kdtheory.objects.designs import LinearGaussianDesign, spectrum
from kdtheory.theorems.linear_gaussian.gap_bounds import gap_bounds

RNG = np.random.default_rng(0)
X, WEIGHTS = RNG.normal(size=(3, 8)), RNG.normal(size=(2, 3))
LABELS = WEIGHTS @ X + 0.3 * RNG.normal(size=(2, 8))
SETTINGS = {"prior_precision": 0.6, "inverse_temperature": 1.5, "noise_std": 0.7}
STUDENT = np.array([[2.0, 0.3, 0.1], [0.3, 0.5, -0.2], [0.1, -0.2, 1.0]])
WIDE = RNG.normal(size=(3, 2))


def dense_information(inputs, weights, covariance, student_map, *, lam, beta, nu):
    """I(W_T; (Y-hat, Theta)) from log determinants of one output's joint covariance."""
    features, samples = inputs.shape
    posterior = np.linalg.inv(lam * np.eye(features) + beta / nu**2 * inputs @ inputs.T)
    fit = beta / nu**2 * posterior @ inputs
    weight = nu**2 * fit @ fit.T + posterior
    noise = np.zeros((samples + features,) * 2)
    noise[:samples, :samples] = nu**2 * np.eye(samples)
    noise[samples:, samples:] = posterior if covariance is None else covariance
    send = np.vstack([inputs.T, student_map.T])
    total = noise + send @ weight @ send.T
    gain = np.linalg.slogdet(total)[1] - np.linalg.slogdet(noise)[1]
    return len(weights) * gain / 2


@pytest.mark.parametrize("covariance", [None, STUDENT])
@pytest.mark.parametrize("inputs", [X, WIDE])
@pytest.mark.parametrize(("rank", "null"), [(None, "minnorm"), (None, "identity"), (0, "minnorm")])
def test_everything_adds_up(inputs, covariance, rank, null):
    result = decompose(
        inputs, WEIGHTS, rank=rank, null=null, student_covariance=covariance, **SETTINGS
    )
    total = sum(term.value for term in result.terms)
    np.testing.assert_allclose(total, result.bound, rtol=1e-12)
    student_map = np.eye(3) if null == "identity" else inputs @ np.linalg.pinv(inputs)
    information = dense_information(
        inputs, WEIGHTS, covariance, student_map * (rank != 0), lam=0.6, beta=1.5, nu=0.7
    )
    np.testing.assert_allclose(result.mutual_information, information, rtol=1e-12)
    np.testing.assert_allclose(result.bound - result.divergence, information, rtol=1e-12)
    assert result.divergence >= 0
    assert [term.name for term in result.terms] == list(MEANINGS)
    assert result[result.dominant] == max(result.terms, key=lambda term: term.value)
    with pytest.raises(KeyError):
        result["no such term"]


def test_settings_are_echoed():
    result = decompose(X, WEIGHTS, **SETTINGS)
    assert (result.num_features, result.num_samples, result.num_outputs) == (3, 8, 2)
    assert (result.design_rank, result.rank, result.null) == (3, 3, "minnorm")
    assert result.prior_precision == 0.6
    assert result.inverse_temperature == 1.5
    assert result.noise_std == 0.7
    assert result.student_covariance == "teacher's"
    assert not result.fitted
    assert not result.fitted_noise


def test_weights_and_noise_are_estimated_by_least_squares():
    result = decompose(X, labels=LABELS)
    weights, residual = np.linalg.lstsq(X.T, LABELS.T)[:2]
    noise = np.sqrt(residual.sum() / (2 * (8 - 3)))
    np.testing.assert_allclose(result.noise_std, noise, rtol=1e-12)
    expected = decompose(X, weights.T, noise_std=result.noise_std)
    np.testing.assert_allclose(result.divergence, expected.divergence, rtol=1e-12)
    assert "under the fitted model" in result.heading
    assert "exact" not in result.heading
    assert result.fitted
    assert result.fitted_noise
    known = decompose(X, WEIGHTS, LABELS)
    assert not known.fitted
    np.testing.assert_allclose(known.noise_std, noise, rtol=1e-12)


@pytest.mark.parametrize("rank", [None, 0])
def test_remedies_do_what_they_say(rank):
    result = decompose(X, WEIGHTS, rank=rank, **SETTINGS)
    names = {"prior precision": "prior_precision", "inverse temperature": "inverse_temperature"}
    tried = 0
    for place, term in enumerate(result.terms):
        for remedy in term.remedy.split(" or "):
            _, direction, *words = remedy.split(" ")
            setting = names.get(" ".join(words))
            if setting is None:
                continue
            factor = 1.001 if direction == "higher" else 0.999
            moved = decompose(
                X, WEIGHTS, rank=rank, **{**SETTINGS, setting: factor * SETTINGS[setting]}
            )
            assert moved.terms[place].value < term.value
            tried += 1
    assert tried >= 8


def test_a_rank_from_the_bottleneck_on_is_full():
    assert decompose(X, WEIGHTS, rank=2, **SETTINGS).divergence == pytest.approx(
        decompose(X, WEIGHTS, **SETTINGS).divergence, rel=1e-15
    )


def test_a_teacher_that_is_the_prior():
    result = decompose(X, WEIGHTS, inverse_temperature=0.0, noise_std=1.0)
    np.testing.assert_allclose(
        result.bound - result.divergence, result.mutual_information, rtol=1e-12
    )


def test_a_singular_student_covariance():
    singular = np.diag([1.0, 1.0, 0.0])
    result = decompose(X, WEIGHTS, student_covariance=singular, **SETTINGS)
    assert result.bound == np.inf
    assert result.mutual_information == np.inf
    assert np.isfinite(result.divergence)
    assert result.dominant == "geometry mismatch"
    ignorant = decompose(X, WEIGHTS, rank=0, student_covariance=singular, **SETTINGS)
    assert ignorant.divergence == np.inf


def test_json_both_ways():
    for covariance in (STUDENT, np.diag([1.0, 1.0, 0.0])):
        result = decompose(X, WEIGHTS, student_covariance=covariance, **SETTINGS)
        text = json.dumps(result.to_dict(), allow_nan=False)
        assert Decomposition.from_dict(json.loads(text)) == result


COVARIANCE = "student_covariance"
BAD = {
    "nothing to fit": ((X,), {}, "neither true_weights nor labels"),
    "no noise level": ((X, WEIGHTS), {"noise_std": None}, "neither noise_std nor labels"),
    "no noise": ((X, WEIGHTS), {"noise_std": 0}, "noise_std: got 0"),
    "negative noise": ((X, WEIGHTS), {"noise_std": -1}, "noise_std: got -1"),
    "nan noise": ((X, WEIGHTS), {"noise_std": np.nan}, "noise_std: got nan"),
    "negative precision": ((X, WEIGHTS), {"prior_precision": -2}, "prior_precision: got -2"),
    "negative temperature": ((X, WEIGHTS), {"inverse_temperature": -1}, "inverse_temperature"),
    "nan temperature": ((X, WEIGHTS), {"inverse_temperature": np.nan}, "got nan"),
    "rank below": ((X, WEIGHTS), {"rank": -1}, "rank: got -1"),
    "rank above": ((X, WEIGHTS), {"rank": 4}, "at most 3"),
    "rank between, own covariance": ((X, WEIGHTS), {"rank": 1, COVARIANCE: STUDENT}, "Leave out"),
    "second moment": ((X, WEIGHTS), {"test_second_moment": -np.eye(3)}, "smallest eigenvalue"),
    "moment shape": ((X, WEIGHTS), {"test_second_moment": np.eye(2)}, "expected (3, 3)"),
    "seed": ((X, WEIGHTS), {"rank": 1, "seed": -1}, "seed: got -1"),
    "rank a fraction": ((X, WEIGHTS), {"rank": 1.5}, "an integer"),
    "identity of low rank": ((X, WEIGHTS), {"rank": 0, "null": "identity"}, "rank 3"),
    "unknown convention": ((X, WEIGHTS), {"null": "none"}, "'minnorm' or 'identity'"),
    "covariance shape": ((X, WEIGHTS), {COVARIANCE: np.eye(2)}, "expected (3, 3)"),
    "asymmetric": ((X, WEIGHTS), {COVARIANCE: np.tri(3)}, "symmetrise"),
    "indefinite": ((X, WEIGHTS), {COVARIANCE: -np.eye(3)}, "smallest eigenvalue of -1"),
    "transposed": ((X.T, WEIGHTS), {}, "inputs looks transposed"),
    "too few samples": ((X[:, :3], None, LABELS[:, :3]), {"noise_std": None}, "more samples"),
    "no residual": ((X, None, WEIGHTS @ X), {"noise_std": None}, "fits exactly"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_refused(name):
    arguments, settings, part = BAD[name]
    with pytest.raises(InputError) as error:
        decompose(*arguments, **{**SETTINGS, **settings})
    assert part in str(error.value)


def test_a_rank_between_is_an_interval(monkeypatch):
    """k = 2 outputs, rank 1: between the values at rank zero and full rank nothing is exact."""
    module = importlib.import_module("kdtheory.decomposition.single")
    monkeypatch.setattr(module, "_NARROW", 0.1)
    widths = []
    result = decompose(X, WEIGHTS, rank=1, seed=3, **SETTINGS, progress=widths.append)
    low, high = result.interval
    assert low < result.divergence < high < result.bound
    assert result.level == 0.99
    assert not result.exact
    assert widths[-1] == pytest.approx(high - low)
    np.testing.assert_allclose(result.bound - result.divergence, result.mutual_information)
    terms = {term.name: term for term in result.terms}
    assert terms["rank bottleneck"].standard_error > 0
    sweep = sweep_design(X, WEIGHTS, name="rank", values=[1], num_draws=8000, **SETTINGS)
    # Two samplers that share no code, at 5 of their joint standard errors, with fixed seeds.
    lost = terms["rank bottleneck"]
    joint = np.hypot(lost.standard_error, sweep.standard_error[0])
    assert 0 < joint < 0.05 * abs(lost.value)
    assert abs(lost.value - sweep.terms["rank bottleneck"][0]) < 5 * joint
    assert sweep.divergence_low[0] < high
    assert sweep.divergence_high[0] > low
    full, zero = (decompose(X, WEIGHTS, rank=rank, **SETTINGS) for rank in (None, 0))
    for name, term in terms.items():
        if name != "rank bottleneck":
            assert term == next(other for other in full.terms if other.name == name)
    assert full.exact
    assert zero.exact
    again = decompose(X, WEIGHTS, rank=1, seed=3, **SETTINGS)
    assert again == result
    # The bounds on the gap take the larger end: a student at that divergence has them exactly.
    design = LinearGaussianDesign.create(X, WEIGHTS, **SETTINGS)
    bounds = gap_bounds(spectrum(design), 8.0, high)
    expected = (float(bounds.chernoff_lower), float(bounds.chernoff_upper))
    np.testing.assert_allclose(result.gaps.chernoff, expected, rtol=1e-9)


def simulated_gaps(moment, runs, seed):
    """Mean gaps of teacher and student from the definition, and their standard errors."""
    rng = np.random.default_rng(seed)
    (d, n), k = X.shape, len(WEIGHTS)
    lam, beta, nu = (SETTINGS[name] for name in SETTINGS)
    posterior = np.linalg.inv(lam * np.eye(d) + beta / nu**2 * X @ X.T)
    factor = np.linalg.cholesky(posterior)
    onto = X @ np.linalg.pinv(X)
    gaps = np.zeros((runs, 2))
    for row in gaps:
        labels = WEIGHTS @ X + nu * rng.normal(size=(k, n))
        teacher = beta / nu**2 * labels @ X.T @ posterior + rng.normal(size=(k, d)) @ factor.T
        pseudo = teacher @ X + nu * rng.normal(size=(k, n))
        student = teacher @ onto + rng.normal(size=(k, d)) @ factor.T
        for place, (weights, own) in enumerate(((teacher, labels), (student, pseudo))):
            error = weights - WEIGHTS
            fresh = np.trace(error @ moment @ error.T) + k * nu**2
            row[place] = fresh - np.sum((own - weights @ X) ** 2) / n
    return gaps.mean(axis=0), gaps.std(axis=0) / runs**0.5


@pytest.mark.parametrize("moment", [None, np.diag([2.0, 0.5, 1.0])])
def test_gaps_are_those_of_the_definition(moment):
    gaps = decompose(X, WEIGHTS, test_second_moment=moment, **SETTINGS).gaps
    means, errors = simulated_gaps(X @ X.T / 8 if moment is None else moment, 20_000, seed=1)
    # Two comparisons at 4 standard errors, with a fixed seed.
    assert abs(gaps.teacher - means[0]) < 4 * errors[0]
    assert gaps.student is not None
    assert abs(gaps.student - means[1]) < 4 * errors[1]
    assert gaps.sub_gamma[0] <= gaps.chernoff[0] <= gaps.student <= gaps.chernoff[1]
    assert gaps.chernoff[1] <= gaps.sub_gamma[1]
    assert gaps.test_inputs == ("fixed" if moment is None else "second moment")


def test_the_students_gap_is_unknown_where_it_has_no_closed_form():
    gaps = decompose(X, WEIGHTS, rank=0, test_second_moment=np.eye(3), **SETTINGS).gaps
    assert gaps.student is None
    assert np.isfinite(gaps.chernoff).all()
