r"""Every bound on a student's gap against the radius of the perturbation, in exact worlds."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
import scipy.optimize

from kdtheory import _check
from kdtheory._numerics import rounding_tolerance
from kdtheory._types import Scalar
from kdtheory.flatness.penalties import INCREASING
from kdtheory.objects.cosines import LARGEST_TURN, CosineProcess, CosineTeacher
from kdtheory.objects.logistic import RidgeLogisticWorld
from kdtheory.objects.processes import DistillationProcess, gaps, teacher_law
from kdtheory.objects.smoothness import (
    NodeTeacher,
    PerturbedProcess,
    PerturbedTeacher,
    SmoothnessConstants,
)
from kdtheory.results import to_dict
from kdtheory.theorems.distillation_divergence import bounds as plain
from kdtheory.theorems.distillation_divergence import process_terms
from kdtheory.theorems.sharpness_aware import bounds, logistic, perturbed, regime
from kdtheory.tools._compile import compiled

World: TypeAlias = CosineProcess | CosineTeacher | NodeTeacher | RidgeLogisticWorld

MEANING = (
    INCREASING,
    "That is so because the sharpness of the teacher is bounded by its curvature there (Lemma 16). "
    "Its exact value is negative where training ended close to a maximum, and lowers the bound "
    "then; at a minimum it is not.",
    "Where perturbations raise the risk of all that the teacher returns, as they do for convex "
    "losses, no bound of this kind is below the Cramer-Chernoff bound, which ignores sharpness, "
    "however much it is sharpened. Sharpness can help only by ruling students out: where the worst "
    "student that the divergence allows sits close to a maximum of its risk, condition (i) forbids "
    "it. The most that this gains is the distance from Cramer-Chernoff to best t, with exact laws.",
    "None of this says that flat minima generalise badly; it says that this bound is no evidence "
    "for them.",
)
"""What the bounds mean for somebody who trains models."""

BATCH = 8
"""How many radii are computed side by side: memory does not grow with their number."""


class BoundKind(NamedTuple):
    """What a bound is, and what it rests on.

    Attributes:
        title: for a table.
        sharp: whether it looks at sharpness, and needs condition (i).
        exact: whether it is made of the exact laws, or of the constants of lemmas 13 to 16.
    """

    title: str
    sharp: bool
    exact: bool


KINDS = {
    "lemma13": BoundKind("standard: Lemma 13, global L", sharp=False, exact=False),
    "local": BoundKind("standard, gradient at the teacher", sharp=False, exact=False),
    "printed": BoundKind("Theorem 12 as printed: Lemmas 14-16", sharp=True, exact=False),
    "corrected": BoundKind("Theorem 12, Lemma 14 corrected", sharp=True, exact=False),
    "sharpened": BoundKind("Theorem 12, all lemmas sharpened", sharp=True, exact=False),
    "one_step_constants": BoundKind("one step, sharpened", sharp=True, exact=False),
    "theorem8": BoundKind("Theorem 8, exact proxy", sharp=False, exact=True),
    "chernoff": BoundKind("Cramer-Chernoff", sharp=False, exact=True),
    "theorem12": BoundKind("Theorem 12, exact proxies", sharp=True, exact=True),
    "one_step": BoundKind("one step, exact proxy", sharp=True, exact=True),
    "chernoff_one_step": BoundKind("one step, Cramer-Chernoff", sharp=True, exact=True),
    "best_weight": BoundKind("Cramer-Chernoff, best t", sharp=True, exact=True),
}
"""Name -> what a bound is, standard ones before those that look at sharpness."""


@dataclasses.dataclass(frozen=True, eq=False)
class RadiusCurve:
    r"""Exact gaps, sharpness and bounds against the radius of the perturbation.

    Attributes:
        radii: $\rho$, shape ``(radii,)``.
        teacher_gap: the teacher's gap; like the next four it does not depend on the radius.
        student_gap: the student's gap.
        divergence: $K_n$.
        low: the smallest gap of positive probability under the teacher.
        high: the largest; a bound above it says nothing.
        teacher_sharpness: $E_PS_P(f_T)$.
        student_sharpness: $E_QS_P(f_S)$.
        applies: whether condition (i), $E_QS_P(f_S)\ge0$, is met; where it is not, no bound that
            looks at sharpness applies.
        bounds: upper bounds on the student's gap by name, see `KINDS`.
        largest_radius: $\rho_0$, up to which the printed bound is below the standard one; NaN where
            the lemmas do not apply.
        not_computed: why bounds are missing; empty if none is.
    """

    radii: Any
    teacher_gap: float
    student_gap: float
    divergence: float
    low: float
    high: float
    teacher_sharpness: Any
    student_sharpness: Any
    applies: Any
    bounds: dict[str, Any]
    largest_radius: float
    not_computed: str

    def applicable(self, name: str) -> Any:
        """Returns a bound, NaN at the radii where it does not apply."""
        if not KINDS[name].sharp:
            return self.bounds[name]
        return np.where(self.applies, self.bounds[name], math.nan)

    def failing(self) -> tuple[str, ...]:
        """Returns the bounds that are below the gap at a radius where condition (i) is met."""
        slack = rounding_tolerance("float64") * max(abs(self.low), abs(self.high))
        below = {
            name: np.any(self.applicable(name) < self.student_gap - slack) for name in self.bounds
        }
        return tuple(name for name, fails in below.items() if fails)

    def to_dict(self) -> dict[str, Any]:
        """Returns plain data ready for ``json.dumps`` (infinities and NaN as text)."""
        return {**to_dict(self), "failing": list(self.failing())}


def curves_along_radius(
    world: World, radii: Sequence[float] | Any, *, student_data: Any = None
) -> RadiusCurve:
    r"""Returns the gaps, the sharpness and every bound against the radius, all of them exact.

    Bounds that are made of $\kappa$, $L$, $g_0$, $\alpha$, $\tau$ need a deterministic teacher,
    and with it a student that reruns its algorithm: a `CosineTeacher` or a `NodeTeacher` with the
    law of the data on which it does, or a `RidgeLogisticWorld`. The teacher of a `CosineProcess`
    may be random: it has the bounds that are made of its laws only.

    Args:
        world: the world; its own radius does not matter.
        radii: $\rho\ge0$.
        student_data: for a deterministic teacher, a distribution over its data sets.

    Returns:
        The bounds, against the radius.

    Raises:
        InputError: for radii that are negative or too large for the world, or a law of the data
            that is missing, superfluous or no distribution.

    Example:
        >>> from kdtheory.flatness.worlds import sharpness_helps
        >>> curve = curves_along_radius(sharpness_helps(), [1.0])
        >>> print(f"{curve.student_gap:.4f} <= {curve.bounds['best_weight'][0]:.4f} (best t) <= "
        ...       f"{curve.bounds['chernoff'][0]:.4f} (without sharpness)")
        0.1559 <= 0.1903 (best t) <= 0.2551 (without sharpness)
    """
    rho = _checked(world, radii)
    with jax.enable_x64(True):
        world, law = _in_float64(world, student_data)
        # All radii in one program, which runs once: compiling it is what takes the time, unless
        # there are thousands of pairs of a data set and a hypothesis.
        long = isinstance(world, RidgeLogisticWorld)
        run = compiled(__name__, "bounds along the radius", (long,), lambda: _along, long=long)
        found = jax.device_get(run(world, law, jnp.asarray(rho)))
        fixed = {name: float(value) for name, value in jax.device_get(_fixed(world, law)).items()}
        least = -rounding_tolerance("float64") * found.pop("largest_rise")
        applies = found["student_sharpness"] >= least
        lemmas = not isinstance(world, CosineProcess)
        root = _root(world, fixed["divergence"]) if lemmas else math.nan
    return RadiusCurve(
        radii=rho,
        **fixed,
        teacher_sharpness=found.pop("teacher_sharpness"),
        student_sharpness=found.pop("student_sharpness"),
        applies=applies,
        bounds={name: found[name] for name in KINDS if name in found},
        largest_radius=root,
        not_computed="" if lemmas else "Lemmas 13 to 16 are about deterministic teachers",
    )


def largest_radius(world: World, *, student_data: Any = None) -> float:
    r"""Returns $\rho_0$, up to which the printed bound is below the standard one.

    Args:
        world: a world with a deterministic teacher, as `curves_along_radius` takes it.
        student_data: as there.

    Returns:
        $\rho_0$; zero where the regime is empty, infinite where nothing ends it.

    Raises:
        InputError: for a `CosineProcess`, whose teacher has no constants, and as there.
    """
    if isinstance(world, CosineProcess):
        mend = "Lemmas 13 to 16 are about deterministic teachers: give a CosineTeacher."
        _check.refuse("world", "a CosineProcess", "a deterministic teacher", mend)
    with jax.enable_x64(True):
        world, law = _in_float64(world, student_data)
        return _root(world, float(_fixed(world, law)["divergence"]))


def _in_float64(world: Any, student_data: Any) -> tuple[Any, Any]:
    world = jax.tree.map(lambda leaf: jnp.asarray(leaf, float), world)
    return world, _student_data(world, student_data)


def _checked(world: World, radii: Any) -> Any:
    """Returns the radii, all of which the world's closed forms cover."""
    rho = _check.real_array("radii", np.atleast_1d(np.asarray(radii, dtype=float)), "radii")
    most, why = math.inf, ""
    if isinstance(world, (CosineProcess, CosineTeacher)):
        norm = float(np.linalg.norm(np.asarray(world.directions), axis=1).max())
        most = LARGEST_TURN / norm if norm > 0 else math.inf
        why = f", which turns a loss by {LARGEST_TURN:g}"
    elif isinstance(world, NodeTeacher):
        most, why = 0.5, ", half way to the next whole number"
    else:
        norm = float(np.linalg.norm(np.asarray(world.inputs), axis=1).max())
        most = logistic.LARGEST_REACH / norm if norm > 0 else math.inf
        why = ", up to which rises are accurate to rounding"
    if rho.min() < 0 or rho.max() > most:
        wrong = rho.min() if rho.min() < 0 else rho.max()
        limit = "" if most == math.inf else f" and at most {most:.4g}{why}"
        _check.refuse("radii", f"{wrong:g}", f"numbers of at least 0{limit}", "Leave it out.")
    return rho


def _student_data(world: World, given: Any) -> Any:
    """Returns the law of the data sets of a student that reruns its teacher's algorithm."""
    if not isinstance(world, (CosineTeacher, NodeTeacher)):
        if given is not None:
            got = f"one with a {type(world).__name__}"
            _check.refuse("student_data", got, "none, the world has its student", "Leave it out.")
        return None
    if given is None:
        mend = "Give a distribution over the teacher's data sets."
        _check.refuse("student_data", "none with a teacher", "a student", mend)
    law = _check.probability_rows("student_data", given, "datasets")
    count = len(_teacher(world).losses)
    if len(law) != count:
        expected = f"{count}, one for every data set"
        _check.refuse("student_data", f"{len(law)} entries", expected, "List all of them.")
    return jnp.asarray(law)


# --- worlds at a radius ---------------------------------------------------------------------------


class _Known(NamedTuple):
    """What lemmas 13 to 16 are applied to."""

    constants: SmoothnessConstants
    width: Scalar  # of an interval that holds the loss before the perturbation
    convex: bool


def _with_radius(world: Any, radius: Scalar) -> Any:
    return dataclasses.replace(world, radius=radius)


def _teacher(world: CosineTeacher | NodeTeacher) -> PerturbedTeacher:
    if isinstance(world, CosineTeacher):
        return perturbed.perturbed_teacher(world)
    return perturbed.perturbed_node_teacher(world)


def _process(world: World, law: Any) -> PerturbedProcess:
    if isinstance(world, CosineProcess):
        return perturbed.perturbed_process(world)
    if isinstance(world, RidgeLogisticWorld):
        return logistic.logistic_process(world)
    around = _teacher(world)
    kernel = jnp.eye(len(law), dtype=law.dtype)
    process = DistillationProcess(
        around.example_weights, around.losses, kernel, law[:, None] * kernel, around.num_samples
    )
    return PerturbedProcess(process, around.rises)


def _known(world: World) -> _Known | None:
    if isinstance(world, CosineProcess):
        return None
    if isinstance(world, RidgeLogisticWorld):
        before = logistic.logistic_constants(_with_radius(world, jnp.zeros_like(world.radius)))
        return _Known(logistic.logistic_constants(world), before.loss_width, convex=True)
    constants = _teacher(world).constants
    return _Known(constants, constants.loss_width, convex=False)


@jax.jit
def _fixed(world: World, law: Any) -> dict[str, Scalar]:
    """Returns what does not depend on the radius."""
    process = _process(world, law).process
    occurs = teacher_law(process) > 0
    values = gaps(process)
    return {
        "teacher_gap": process_terms.teacher_gap(process),
        "student_gap": process_terms.student_gap(process),
        "divergence": process_terms.divergence(process),
        "low": jnp.min(jnp.where(occurs, values, jnp.inf)),
        "high": jnp.max(jnp.where(occurs, values, -jnp.inf)),
    }


def _along(world: World, law: Any, radii: Any) -> dict[str, Any]:
    """Returns sharpness and bounds at every radius."""

    def at(radius: Scalar) -> dict[str, Scalar]:
        moved = _with_radius(world, radius)
        process, known = _process(moved, law), _known(moved)
        found = {
            "teacher_sharpness": perturbed.teacher_sharpness(process),
            "student_sharpness": perturbed.student_sharpness(process),
            "largest_rise": jnp.max(jnp.abs(process.rises)),
            **_from_laws(process),
        }
        return found if known is None else found | _from_constants(process, known)

    # Whole batches only: a smaller last one would be a second program.
    count = len(radii)
    batches = jnp.resize(radii, (-(-count // BATCH), min(count, BATCH)))
    found = jax.lax.map(jax.vmap(at), batches)
    return {name: value.reshape(-1)[:count] for name, value in found.items()}


def _from_laws(world: PerturbedProcess) -> dict[str, Scalar]:
    """Returns the bounds that are made of the exact laws, what is alike sought side by side."""
    of_gap, of_perturbed_gap, of_sharpness, of_sum = bounds.smallest_proxies(
        world,
        gaps(world.process),
        perturbed.perturbed_gaps(world),
        perturbed.empirical_sharpness(world),
        perturbed.shifted_gaps(world),
    )
    best = bounds.best_weight(world)
    weights = jnp.stack([jnp.zeros_like(best), jnp.ones_like(best), best])
    chernoff = jax.vmap(bounds.chernoff_family, in_axes=(None, 0))(world, weights)
    return {
        "theorem8": plain.sub_gaussian(world.process, of_gap),
        "chernoff": chernoff[0],
        "theorem12": bounds.with_proxies(world, of_perturbed_gap, of_sharpness),
        "one_step": bounds.with_proxies(world, of_sum),
        "chernoff_one_step": chernoff[1],
        "best_weight": chernoff[2],
    }


def _from_constants(world: PerturbedProcess, known: _Known) -> dict[str, Scalar]:
    """Returns the bounds that are made of constants."""
    found = regime.excesses(
        known.constants,
        process_terms.divergence(world.process),
        unperturbed_width=known.width,
        convex=known.convex,
    )
    mean = process_terms.teacher_gap(world.process)
    # The one step is taken with exact proxies too.
    found["one_step_constants"] = found.pop("one_step")
    return {name: mean + value for name, value in found.items()}


@jax.jit
def _root_at(world: World, radius: Any, divergence: Any) -> Scalar:
    known = _known(_with_radius(world, radius))
    assert known is not None
    return regime.largest_radius(known.constants, divergence)


def _root(world: World, divergence: float) -> float:
    r"""Returns $\rho_0$; the curvature within the ball, and with it the root, may depend on it."""

    def left(radius: float) -> float:
        return float(_root_at(world, jnp.asarray(radius), divergence)) - radius

    most = left(0.0)
    if not 0.0 < most < math.inf or left(most) >= -rounding_tolerance("float64") * most:
        return most
    return float(scipy.optimize.brentq(left, 0.0, most, xtol=1e-15))
