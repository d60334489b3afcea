"""What membership means, in fractions and from the meaning of each kind of part."""

import itertools
from fractions import Fraction


def determinant(matrix):
    """The determinant by Leibniz' formula."""
    size = len(matrix)
    total = Fraction(0)
    for order in itertools.permutations(range(size)):
        swaps = sum(a > b for a, b in itertools.combinations(order, 2))
        product = Fraction((-1) ** swaps)
        for row, column in enumerate(order):
            product *= matrix[row][column]
        total += product
    return total


def is_semidefinite(matrix):
    """Symmetric, and every principal minor is at least zero (the leading ones do not suffice)."""
    size = len(matrix)
    symmetric = all(matrix[i][j] == matrix[j][i] for i in range(size) for j in range(size))
    minors = (
        determinant([[matrix[i][j] for j in chosen] for i in chosen])
        for count in range(1, size + 1)
        for chosen in itertools.combinations(range(size), count)
    )
    return symmetric and all(minor >= 0 for minor in minors)


def is_member(part, value):
    """Whether an array of fractions is a member of a part."""
    assert value.shape == part.shape
    entries = value.reshape(-1).tolist()
    assert all(isinstance(entry, Fraction) for entry in entries)
    if part.kind == "simplex":
        rows = value.reshape(-1, part.shape[-1])
        return min(entries) >= 0 and all(sum(row) == 1 for row in rows)
    if part.kind == "psd":
        return is_semidefinite(value.tolist())
    inside = all(part.low <= entry <= part.high for entry in entries)
    if part.kind == "integers":
        return inside and all(entry.denominator == 1 for entry in entries)
    return inside and (part.kind != "positive" or min(entries) > 0)


def are_members(domain, parts):
    """Whether every part is."""
    return all(is_member(part, value) for part, value in zip(domain.parts, parts, strict=True))
