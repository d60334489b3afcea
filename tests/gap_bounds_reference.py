"""Everything about small processes by loops, grids and root finding."""

import itertools

import numpy as np
from scipy import special

GENERATOR = np.random.default_rng(20260521)

ARGUMENTS = np.geomspace(1e-4, 1e4, 200_001)
"""A grid of l; the functions minimised over it are smooth: its best point is 1e-9 off the best."""


def log_mgf(values, probs, arguments):
    exponents = np.outer(arguments, values)
    return special.logsumexp(exponents, b=probs, axis=1)


def chernoff(values, probs, divergence):
    """min over the grid of (K + log E e^(l x)) / l."""
    values, probs = values[probs > 0], probs[probs > 0]
    return ((divergence + log_mgf(values, probs, ARGUMENTS)) / ARGUMENTS).min()


def kl(p, q):
    return special.rel_entr(p, q).sum()


def random_arrays(labels_of_inputs=False):
    """Two samples out of four examples, three hypotheses; inputs 0, 0, 1, 1 shared if asked for."""
    weights = GENERATOR.dirichlet(np.ones(4))
    losses = GENERATOR.random((3, 4))
    kernel = GENERATOR.dirichlet(np.ones(3), size=16)
    rows = list(itertools.product(range(4), repeat=2))
    chance = np.array([weights[row[0]] * weights[row[1]] for row in rows])
    law = GENERATOR.dirichlet(np.ones(48)).reshape(16, 3)
    law = 0.75 * chance[:, None] * kernel + 0.25 * law
    if labels_of_inputs:
        seen = np.array([[z // 2 for z in row] for row in rows])
        for x in itertools.product(range(2), repeat=2):
            group = (seen == x).all(axis=1)
            law[group] *= chance[group].sum() / law[group].sum()
    return weights, losses, kernel, law


class Reference:
    """Everything by loops over data sets and hypotheses."""

    def __init__(self, weights, losses, kernel, law):
        self.rows = list(itertools.product(range(4), repeat=2))
        self.teacher = np.array(
            [
                [weights[a] * weights[b] * kernel[d, f] for f in range(3)]
                for d, (a, b) in enumerate(self.rows)
            ]
        )
        risks = [sum(weights[z] * losses[f, z] for z in range(4)) for f in range(3)]
        self.values = np.array(
            [[risks[f] - (losses[f, a] + losses[f, b]) / 2 for f in range(3)] for a, b in self.rows]
        )
        self.single = np.array([[risks[f] - losses[f, z] for f in range(3)] for z in range(4)])
        self.law = law
        self.mean = (self.teacher * self.values).sum()
        self.divergence = kl(law, self.teacher)

    def gap_divergence(self):
        groups = {}
        for value, p, q in zip(
            self.values.ravel(), self.teacher.ravel(), self.law.ravel(), strict=True
        ):
            pair = groups.setdefault(round(value, 10), [0.0, 0.0])
            pair[0] += p
            pair[1] += q
        table = np.array(list(groups.values()))
        return kl(table[:, 1], table[:, 0])

    def places(self, values_sign):
        total = 0.0
        for place in range(2):
            p, q = np.zeros((2, 4, 3))
            for d, row in enumerate(self.rows):
                p[row[place]] += self.teacher[d]
                q[row[place]] += self.law[d]
            values = values_sign * self.single.ravel()
            total += chernoff(values, p.ravel(), kl(q, p)) / 2
        return total

    def given_inputs(self, sign):
        """The two bounds given the inputs: each with its own l, and one l for all."""
        each, common = 0.0, np.zeros_like(ARGUMENTS)
        for x in itertools.product(range(2), repeat=2):
            group = [d for d, row in enumerate(self.rows) if tuple(z // 2 for z in row) == x]
            weight = self.teacher[group].sum()
            p, q = self.teacher[group].ravel() / weight, self.law[group].ravel() / weight
            values = sign * self.values[group].ravel()
            each += weight * chernoff(values, p, kl(q, p))
            common += weight * log_mgf(values, p, ARGUMENTS)
        return each, ((self.divergence + common) / ARGUMENTS).min()

    def proxy(self, sign):
        deviations = sign * (self.values.ravel() - self.mean)
        arguments = np.geomspace(1e-2, 1e3, 20_001)
        # At l = 1e-2 the difference of the logarithms is 1e-6, known to ten digits.
        curve = 2 * log_mgf(deviations, self.teacher.ravel(), arguments) / arguments**2
        return max(curve.max(), self.teacher.ravel() @ deviations**2)


def bound_of(found, name, side):
    return next(bound.value for bound in getattr(found, side) if bound.name == name)


ORDINARY = random_arrays(labels_of_inputs=True)
