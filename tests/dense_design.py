"""The terms of a linear-Gaussian design from its definition, by dense algebra in 80 digits."""

import mpmath as mp


def _trace(matrix):
    return mp.fsum(matrix[i, i] for i in range(matrix.rows))


def _projection(inputs):
    """The projection onto the column space of X, from the eigenvectors of XX^T."""
    values, vectors = mp.eigsy(inputs * inputs.T)
    largest = max(values)
    projection = mp.zeros(inputs.rows)
    for i, value in enumerate(values):
        if value > largest * mp.mpf(10) ** -40:
            projection += vectors[:, i] * vectors[:, i].T
    return projection


def _gaussian_kl(mean_1, cov_1, mean_2, cov_2):
    inverse = cov_2**-1
    gap = mean_1 - mean_2
    log_determinants = mp.log(mp.det(cov_2)) - mp.log(mp.det(cov_1))
    return (
        _trace(inverse * cov_1) - cov_1.rows + (gap.T * inverse * gap)[0] + log_determinants
    ) / 2


def dense_decomposition(
    inputs, weights, precision, beta, noise_std, *, rank="full", null="minnorm"
):
    """Returns the terms, "bound" and "divergence" for a student with the teacher's covariance.

    The divergence is that of the joint laws of (labels, weights), whose rows are independent.
    """
    with mp.workdps(80):
        X, W = mp.matrix(inputs.tolist()), mp.matrix(weights.tolist())
        lam, beta, nu = mp.mpf(float(precision)), mp.mpf(float(beta)), mp.mpf(float(noise_std))
        d, n, k = X.rows, X.cols, W.rows
        snr = beta / nu**2
        posterior = (lam * mp.eye(d) + snr * X * X.T) ** -1
        fit = snr * X.T * posterior  # n x d: Wbar = Y fit
        smoother = fit * X  # n x n
        student = {"zero": mp.zeros(d), "full": mp.eye(d) if null == "identity" else _projection(X)}
        M = student[rank]
        # W_T = (W* X + nu E) fit + posterior noise, rows independent.
        mean_T = W * X * fit
        cov_T = nu**2 * fit.T * fit + posterior
        # W_T M - Wbar(Y-hat), Y-hat = W_T X + nu E': a linear map of W_T less fitted noise.
        move = M - X * fit
        metric = posterior**-1
        gap = mean_T * move
        mean_term = (
            _trace(gap * metric * gap.T)
            + k * _trace(move.T * cov_T * move * metric)
            + k * nu**2 * _trace(fit * metric * fit.T)
        ) / 2
        # The same with the projection (or the identity) is the spread; the rest is the rank's.
        full = student["full"] - X * fit
        gap = mean_T * full
        spread = (
            _trace(gap * metric * gap.T)
            + k * _trace(full.T * cov_T * full * metric)
            + k * nu**2 * _trace(fit * metric * fit.T)
        ) / 2
        bias = W * X * (smoother - mp.eye(n))
        values = {
            "teacher bias": _trace(bias * bias.T) / (2 * nu**2),
            "teacher estimation noise": k * _trace(smoother * smoother) / 2,
            "teacher posterior variance": k * _trace(X.T * posterior * X) / (2 * nu**2),
            "rank bottleneck": mean_term - spread,
            "posterior spread": spread,
            "geometry mismatch": mp.mpf(0),
        }
        values["bound"] = mp.fsum(values.values())
        # One output at a time: outputs differ in their means only.
        labels_T = nu**2 * mp.eye(n)
        cross_T = nu**2 * fit
        teacher = _blocks(labels_T, cross_T, cov_T)
        pseudo = X.T * cov_T * X + nu**2 * mp.eye(n)
        taught = _blocks(pseudo, X.T * cov_T * M, M.T * cov_T * M + posterior)
        total = mp.mpf(0)
        for row in range(k):
            truth, mean = W[row, :], mean_T[row, :]
            first = _stack((mean * X).T, (mean * M).T)
            second = _stack((truth * X).T, mean.T)
            total += _gaussian_kl(first, taught, second, teacher)
        values["divergence"] = total
        values["mutual information"] = values["bound"] - total
        return values


def _blocks(top, corner, bottom):
    n, d = top.rows, bottom.rows
    whole = mp.zeros(n + d)
    for i in range(n + d):
        for j in range(n + d):
            if i < n and j < n:
                whole[i, j] = top[i, j]
            elif i >= n and j >= n:
                whole[i, j] = bottom[i - n, j - n]
            else:
                whole[i, j] = corner[i, j - n] if i < n else corner[j, i - n]
    return whole


def _stack(top, bottom):
    return mp.matrix([*top, *bottom])
