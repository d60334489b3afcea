"""Generalisation gaps of dense designs in 60-digit arithmetic, from the definitions.

The twin takes a dense design, writes the gap L_P(W) - L_D(W) as a quadratic function of the label
noise and of the posterior noise, and takes moments, determinants and eigenvalues of its matrix:
no singular value decomposition of the design, and none of the per-direction formulas.
"""

import mpmath
import numpy as np

from kdtheory.objects.designs import LinearGaussianDesign, spectrum

DIGITS = 60


def dense_world(case, second_moment=None):
    """Returns per-output matrix Q, linear terms L (one row per output) and constant of h.

    Variables of one output: z = (label noise of n samples in units of nu, posterior noise of d
    weights in units of a root of Sigma_T). W_T - W* = -lambda W* Sigma_T + nu z_1 G + z_2 R^T with
    G = (beta/nu^2) X^T Sigma_T, and Y - W_T X = nu z_1 - (W_T - W*) X.
    """
    mp = mpmath.mp
    x, truth = mp.matrix(case["inputs"]), mp.matrix(case["weights"])
    lam, beta, nu = (mp.mpf(case[name]) for name in ("lam", "beta", "nu"))
    d, n, k = x.rows, x.cols, truth.rows
    sample = x * x.T / n
    moment = sample if second_moment is None else mp.matrix(second_moment)
    covariance = (lam * mp.eye(d) + beta / nu**2 * x * x.T) ** -1
    root = mp.cholesky(covariance)
    error = mp.zeros(n + d, d)
    error[:n, :] = nu * beta / nu**2 * x.T * covariance
    error[n:, :] = root.T
    residual = -error * x
    for i in range(n):
        residual[i, i] += nu
    offset = -lam * truth * covariance
    matrix = error * moment * error.T - residual * residual.T / n
    linear = 2 * (offset * moment * error.T + offset * x * residual.T / n)
    missed = -offset * x
    constant = mp.fsum(
        (offset[j, :] * moment * offset[j, :].T)[0] - (missed[j, :] * missed[j, :].T)[0] / n
        for j in range(k)
    )
    return matrix, linear, constant + k * nu**2, covariance, root


def trace(matrix):
    return mpmath.fsum(matrix[i, i] for i in range(matrix.rows))


def squares(matrix):
    return mpmath.fsum(entry**2 for entry in matrix)


def log_mgf_reference(world, argument):
    """k (-1/2 log det(I - 2 l Q)) + l^2/2 sum_j L_j (I - 2 l Q)^-1 L_j^T + l c."""
    matrix, linear, constant, *_ = world
    system = mpmath.eye(matrix.rows) - 2 * argument * matrix
    tail = trace(linear * system**-1 * linear.T)
    half = linear.rows * mpmath.log(mpmath.det(system)) / 2
    return argument * constant - half + argument**2 * tail / 2


def moments_reference(world):
    matrix, linear, constant, *_ = world
    mean = constant + linear.rows * trace(matrix)
    return mean, 2 * linear.rows * squares(matrix) + squares(linear)


def ends_reference(world, visible):
    """Reciprocals of twice the extreme eigenvalues; one without weight (visible) is no end."""
    matrix = world[0]
    values = list(mpmath.eigsy(matrix, eigvals_only=True))
    size = max(abs(value) for value in values)
    values = [value for value in values if abs(value) > visible * size]
    low, high = min(values), max(values)
    return (1 / (2 * low) if low < 0 else -mpmath.inf), (1 / (2 * high) if high > 0 else mpmath.inf)


def student_reference(case, null, own=None, second_moment=None, rank="full"):
    """L_P(Theta) - L_D-hat(Theta) with Theta = W_T M + noise, in expectations of dense matrices."""
    mp = mpmath.mp
    x, truth = mp.matrix(case["inputs"]), mp.matrix(case["weights"])
    lam, beta, nu = (mp.mpf(case[name]) for name in ("lam", "beta", "nu"))
    d, n, k = x.rows, x.cols, truth.rows
    covariance = dense_world(case)[3]
    moment = x * x.T / n if second_moment is None else mp.matrix(second_moment)
    own = covariance if own is None else mp.matrix(own)
    smoother = beta / nu**2 * x * x.T * covariance
    mean = truth * smoother
    spread = covariance + smoother.T * (nu**2 * beta / nu**2 * covariance)
    send = mp.zeros(d) if rank == "zero" else mp.eye(d)
    if rank == "full" and null == "minnorm":
        # X (X^T X)^-1 X^T for the columns that span the range (case["basis"]).
        basis = mp.matrix([[row[j] for j in case["basis"]] for row in case["inputs"]])
        send = basis * (basis.T * basis) ** -1 * basis.T
    gap = mean * send - truth
    risk = trace(gap * moment * gap.T) + k * trace(send.T * spread * send * moment)
    risk += k * trace(own * moment)
    lost = mean * (send - mp.eye(d)) * x
    rest = (send - mp.eye(d)).T * spread * (send - mp.eye(d))
    empirical = trace(lost * lost.T) / n + k * trace(rest * x * x.T) / n
    return risk - empirical - k * trace(own * x * x.T) / n


def chernoff_reference(world, divergence, sign):
    """Mean of h, argument and gen_T at the tilt of divergence K, by a root search in the twin."""
    matrix, linear, constant, *_ = world
    mean, spread = moments_reference(world)
    identity, outputs = mpmath.eye(matrix.rows), linear.rows

    def tilted(argument):
        """Mean of h and divergence of the tilt, from the tilted Gaussian law."""
        inverse = (identity - 2 * argument * matrix) ** -1
        centre = argument * linear * inverse
        shift = trace(centre * matrix * centre.T) + trace(linear * centre.T)
        value = constant + outputs * trace(matrix * inverse) + shift
        log_det = mpmath.log(mpmath.det(inverse))
        kl = (outputs * (trace(inverse) - matrix.rows - log_det) + squares(centre)) / 2
        return value, kl

    values = list(mpmath.eigsy(matrix, eigvals_only=True))
    most = max(max(sign * value for value in values), mpmath.mpf(0))
    low, high = mpmath.mpf(0), mpmath.sqrt(2 * divergence / spread)

    def argument_at(tilt):
        return sign * tilt / (1 + 2 * most * tilt)

    while tilted(argument_at(high))[1] < divergence:
        low, high = high, 2 * high
    # The root of the divergence is nearly linear in small tilts: to 25 digits in a few steps.
    root = mpmath.sqrt(divergence)
    tilt = mpmath.findroot(
        lambda tilt: mpmath.sqrt(max(tilted(argument_at(tilt))[1], 0)) - root,
        (low, high),
        solver="anderson",
        tol=(root * mpmath.mpf(10) ** -25) ** 2,
        maxsteps=200,
    )
    argument = argument_at(tilt)
    value, _ = tilted(argument)
    return value, argument, mean


# --- cases --------------------------------------------------------------------------------------


def case(inputs, weights, lam=0.7, beta=1.3, nu=0.6, basis=None):
    columns = range(len(inputs[0])) if basis is None else basis
    return {
        "inputs": inputs,
        "weights": weights,
        "lam": lam,
        "beta": beta,
        "nu": nu,
        "basis": list(columns),
    }


WIDE = [[1.0, 0.5, -0.25, 2.0], [0.5, -1.0, 0.75, 0.125]]
TALL = [[1.0, 0.5], [0.0, -1.0], [2.0, 0.25]]
STEEP = [[1.0, 0.0, 0.0], [0.0, 1e-3, 0.0], [0.0, 0.0, 1e-7]]
TWO = [[1.0, -0.5], [0.25, 2.0]]
THREE = [[1.0, 0.0, -0.5], [0.25, 0.75, 0.125]]
CASES = {
    "one by one": case([[1.0]], [[0.5]], 1, 1, 1),
    "more samples": case(WIDE, TWO, basis=[0, 1]),
    "fewer samples": case(TALL, THREE),
    "as many": case([[1.0, 0.5], [-0.5, 2.0]], TWO),
    "rank-deficient": case([[1.0, 2.0, 0.5], [2.0, 4.0, 1.0]], TWO, basis=[0]),
    "the prior as teacher": case(WIDE, TWO, beta=0.0, basis=[0, 1]),
    "nearly the prior": case(WIDE, TWO, beta=1e-9, basis=[0, 1]),
    "cold": case(TALL, THREE, beta=50.0),
    "no signal": case(TALL, [[0.0] * 3] * 2),
    "weak prior": case(TALL, THREE, lam=1e-9),
    "strong prior": case(TALL, THREE, lam=1e9),
    "little noise": case(WIDE, TWO, nu=1e-5, basis=[0, 1]),
    "much noise": case(WIDE, TWO, nu=1e4, basis=[0, 1]),
    "condition 1e7": case(STEEP, THREE),
    "condition 1e7, weak prior": case(STEEP, THREE, lam=1e-10, beta=0.8),
    "condition 1e7, little noise": case(STEEP, THREE, nu=1e-4, beta=2.0),
}
MODERATE = [
    "one by one",
    "more samples",
    "fewer samples",
    "as many",
    "rank-deficient",
    "the prior as teacher",
    "cold",
    "no signal",
    "weak prior",
    "much noise",
]


def design_of(named, own=None):
    return LinearGaussianDesign.create(
        named["inputs"],
        named["weights"],
        prior_precision=named["lam"],
        inverse_temperature=named["beta"],
        noise_std=named["nu"],
        student_covariance=own,
    )


def sampled(named):
    design = design_of(named)
    return spectrum(design), float(design.inputs.shape[1])


def close(got, expected, tolerance=1e-13, scale=None):
    size = abs(expected) if scale is None else scale
    return abs(mpmath.mpf(float(got)) - expected) <= tolerance * size + mpmath.mpf(10) ** -60


def second_moment_of(named):
    """A second moment that does not commute with X X^T and is not of full rank."""
    size = len(named["inputs"])
    factor = np.tril(np.ones((size, size)))[:, : max(1, size - 1)]
    return (factor @ factor.T).tolist()
