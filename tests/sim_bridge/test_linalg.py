"""Small positive definite systems, against numpy."""

import numpy as np
import pytest

from sim_bridge.linalg import cholesky_solve, inverse_diagonal


@pytest.mark.parametrize("n", [1, 2, 7, 33])
def test_solution_is_numpys(n: int) -> None:
    rng = np.random.default_rng(39)
    root = rng.normal(size=(n, n))
    a, b = root @ root.T + 0.1 * np.eye(n), rng.normal(size=n)
    x = b.copy()
    assert cholesky_solve(np.tril(a), x, n)
    # rounding times the condition number, some thousands
    np.testing.assert_allclose(x, np.linalg.solve(a, b), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("n", [0, 1, 2, 7, 33])
def test_diagonal_of_the_inverse_is_numpys(n: int) -> None:
    rng = np.random.default_rng(40)
    root, out = rng.normal(size=(n, n)), np.zeros(n)
    a = root @ root.T + 0.1 * np.eye(n)
    assert inverse_diagonal(np.tril(a), out)
    np.testing.assert_allclose(out, np.diag(np.linalg.inv(a)), rtol=1e-9)  # as above
    before = out.copy()
    assert n == 0 or not inverse_diagonal(-a, out)
    np.testing.assert_array_equal(out, before)


def test_only_the_leading_part_is_used() -> None:
    a, b = np.diag([2.0, 4.0, np.nan]), np.array([2.0, 2.0, 9.0])
    assert cholesky_solve(a, b, 2)
    np.testing.assert_allclose(b, [1.0, 0.5, 9.0])


@pytest.mark.parametrize("a", [np.zeros((2, 2)), np.diag([1.0, -1.0]), np.full((2, 2), np.nan)])
def test_what_is_not_positive_definite_is_reported_and_b_unchanged(a: np.ndarray) -> None:
    b = np.array([1.0, 2.0])
    assert not cholesky_solve(a.copy(), b, 2)
    np.testing.assert_array_equal(b, [1.0, 2.0])


def test_nothing_to_solve() -> None:
    assert cholesky_solve(np.zeros((0, 0)), np.zeros(0), 0)
