r"""Theorems of calculus that proofs of several rooms cite, in the form in which they use them."""

from __future__ import annotations

from proofs_check.records import cited

MEAN_VALUE = cited(
    "mean_value",
    r"$f(b)-f(a)=(b-a)\,f'(\xi)$ for a $\xi$ between $a$ and $b$, if $f$ is differentiable there"
    r" and continuous up to the ends.",
    "the mean value theorem: Rudin, Principles of Mathematical Analysis, Theorem 5.10",
)

TAYLOR = cited(
    "taylor",
    r"$f(t)=f(0)+tf'(0)+\frac{t^2}2f''(\tau)$ for a $\tau\in(0,t)$, if $f$ is twice continuously"
    r" differentiable.",
    "Taylor's theorem: Rudin, Principles of Mathematical Analysis, Theorem 5.15",
)
