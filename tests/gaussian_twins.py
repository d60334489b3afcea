"""Random linear-Gaussian designs, and the bounds B and J by matrix algebra in numpy."""

import dataclasses

import jax.numpy as jnp
import numpy as np

from kdtheory.objects.designs import LinearGaussianDesign
from kdtheory.theorems.linear_gaussian import worlds


def array(value):
    return jnp.asarray(np.asarray(value, np.float64))


def random_design(rng, outputs=2, features=3, samples=2, **changes):
    settings = {
        "prior_precision": rng.uniform(0.2, 3.0),
        "inverse_temperature": rng.uniform(0.2, 2.5),
        "noise_std": rng.uniform(0.4, 1.5),
    }
    return LinearGaussianDesign.create(
        rng.normal(size=(features, samples)),
        rng.normal(size=(outputs, features)),
        **{**settings, **changes},
    )


def single(fit, bias, beta, outputs=1.0):
    """One direction with s = nu = 1, whose prior precision makes the fit."""
    case = worlds.spectrum_case([1.0], [bias], num_outputs=outputs, inverse_temperature=beta)
    return dataclasses.replace(case, prior_precision=array(beta * (1 - fit) / fit))


def naive_bounds(inputs, weights, precision, beta, noise_std, null="minnorm"):
    """B and J (with the teacher's covariance) by dense algebra, from E Bias, Var and the gap."""
    outputs, features = weights.shape
    covariance = np.linalg.inv(
        precision * np.eye(features) + beta / noise_std**2 * inputs @ inputs.T
    )
    fit = beta / noise_std**2 * inputs.T @ covariance
    bias = np.sum((weights @ inputs @ fit @ inputs - weights @ inputs) ** 2)
    bias += outputs * noise_std**2 * np.sum((fit @ inputs) ** 2)
    variance = np.trace(inputs.T @ covariance @ inputs)
    dataset = (bias + outputs * variance) / (2 * noise_std**2)
    student_map = np.eye(features) if null == "identity" else inputs @ np.linalg.pinv(inputs)
    second = (weights @ inputs @ fit).T @ (weights @ inputs @ fit)
    second += outputs * (covariance + noise_std**2 * fit.T @ fit)
    move = student_map - inputs @ fit
    metric = np.linalg.inv(covariance)
    gap = np.trace(second @ move @ metric @ move.T)
    gap += outputs * noise_std**2 * np.trace(fit @ metric @ fit.T)
    return dataset, dataset + gap / 2
