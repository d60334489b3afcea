"""Tables of forests with known means, for what is judged by them."""

from kdtheory.replications._forests import DEPTHS, FORESTS, STUDENTS
from kdtheory.replications.records import Table

TRIALS = 8
# By trial: whole and every other trial have the mean zero, and two columns are not correlated.
SIGNS = {"mse": (1, 1, -1, -1), "squared_bias": (1, 1, -1, -1)}
OTHER_SIGNS = (1, -1, -1, 1)


def planted(*, mse, auc, squared_bias, variance, noise=1e-3, num_samples=100):
    """Tables with these means by depth, for two targets and two students, and with noise."""
    forests = [FORESTS[0], FORESTS[4]]
    found = {
        "teachers": _table(forests, [None], {"mse": mse}, noise, num_samples),
        "students": _table(forests, STUDENTS[:2], {"auc": auc}, noise, num_samples),
        "pairs": _table(
            forests,
            [None],
            {"squared_bias": squared_bias, "variance": variance},
            noise,
            num_samples,
        ),
    }
    references = [("one-hot", 0.6), ("Bayes", 0.7)]
    found["references"] = Table(
        {
            "num_samples": [num_samples] * 2,
            "labels": [name for name, _ in references],
            "auc": [value for _, value in references],
        }
    )
    quantities = ("share of positives", "MSE of the constant share", "MSE of one-hot labels")
    found["population"] = Table({"quantity": quantities, "value": [0.5, 0.07, 0.33]})
    return found


def _table(forests, students, means, noise, num_samples):
    columns = {}
    for forest in forests:
        for student in students:
            for trial in range(TRIALS):
                for place, depth in enumerate(DEPTHS):
                    row = {"num_samples": num_samples, "trial": trial, "depth": depth}
                    row |= forest.named() | ({} if student is None else student.named())
                    for name, values in means.items():
                        sign = SIGNS.get(name, OTHER_SIGNS)[trial % 4]
                        row[name] = values[place] + noise * (1 + place) * sign
                    for name, value in row.items():
                        columns.setdefault(name, []).append(value)
    return Table(columns)


def verdicts(study, tables):
    """The verdicts on every statement, over readings."""
    found = {}
    for one in study.judge(tables):
        found.setdefault(one.statement, set()).add(one.verdict.value)
    assert set(found) == {statement.key for statement in study.statements}
    return found
