r"""What soft labels do for SGD: gradient noise, bounds on convergence, and what SGD really does.

* `gradient_noise`: what every kind of label adds to the gradient of a linear softmax student, and
  `student_gradient_noise` for a student of your own (``noise``);
* `descent_bounds`: every bound on SGD with a constant step size, side by side; `plan_descent`: the
  best step size and the number of steps to an accuracy, by every bound (``promises``, from
  ``kinds``);
* `descent_curves` on quadratics, exact, and `softmax_curves` (``softmax``): the distance to the
  optimum by teacher, with simulated runs as a cross-check; `plot_descent` draws them;
* `quadratic_moments`, `enumerated_distances`, `simulated_distances`: exact laws of SGD, and runs;
* `descent_example`: worlds that come with the toolkit (``examples``).
"""

from kdtheory.descent.examples import EXAMPLES, DescentExample, descent_example
from kdtheory.descent.noise import gradient_noise, student_gradient_noise
from kdtheory.descent.promises import descent_bounds, plan_descent
from kdtheory.descent.records import (
    Constants,
    DescentBound,
    DescentBounds,
    DescentPlan,
    GradientNoise,
    StepChoice,
    TargetNoise,
)
from kdtheory.descent.softmax import softmax_curves
from kdtheory.objects.descent import (
    enumerated_distances,
    quadratic_moments,
    simulated_distances,
)
from kdtheory.theorems.sgd_convergence.figures import DescentCurve, descent_curves, plot_descent

__all__ = [
    "EXAMPLES",
    "Constants",
    "DescentBound",
    "DescentBounds",
    "DescentCurve",
    "DescentExample",
    "DescentPlan",
    "GradientNoise",
    "StepChoice",
    "TargetNoise",
    "descent_bounds",
    "descent_curves",
    "descent_example",
    "enumerated_distances",
    "gradient_noise",
    "plan_descent",
    "plot_descent",
    "quadratic_moments",
    "simulated_distances",
    "softmax_curves",
    "student_gradient_noise",
]
