r"""What will this teacher do for my student? From predictions, labels, and a student's losses.

* `assess`: everything that the data identify, of one teacher or several (``single``, from
  ``calibration``, ``tuning``, ``identified`` and ``intervals``);
* `read_inputs`: tables in files (``files``);
* `example_inputs`: two teachers on handwritten digits (``examples``);
* ``plot_...``: their figures (``figures``).
"""

from kdtheory.assessment.examples import EXAMPLES, example_inputs
from kdtheory.assessment.figures import plot_reliability, plot_risks
from kdtheory.assessment.files import TeacherInputs, read_inputs
from kdtheory.assessment.records import (
    METHODS,
    Assessment,
    Bin,
    Comparison,
    Estimate,
    Identified,
    IfBayes,
    Penalty,
    StudentTerms,
    TeacherReport,
    Tuned,
)
from kdtheory.assessment.single import assess

__all__ = [
    "EXAMPLES",
    "METHODS",
    "Assessment",
    "Bin",
    "Comparison",
    "Estimate",
    "Identified",
    "IfBayes",
    "Penalty",
    "StudentTerms",
    "TeacherInputs",
    "TeacherReport",
    "Tuned",
    "assess",
    "example_inputs",
    "plot_reliability",
    "plot_risks",
    "read_inputs",
]
