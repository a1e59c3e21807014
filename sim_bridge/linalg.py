"""Small dense vectors and positive definite systems, in place."""

import numpy as np

from ._jit import F64, kernel


@kernel
def cholesky_solve(a: F64, b: F64, n: int) -> bool:
    """Solve ``a x = b`` for a symmetric positive definite matrix.

    Parameters
    ----------
    a : ndarray of shape (>= n, >= n), float64
        Lower triangle of the matrix; overwritten with its Cholesky factor.
    b : ndarray of shape (>= n,), float64
        Right-hand side; overwritten with the solution.
    n : int
        Size of the system.

    Returns
    -------
    bool
        False if the matrix is not positive definite; ``b`` is then unchanged.
    """
    if not _factorise(a, n):
        return False
    for i in range(n):
        s = b[i]
        for k in range(i):
            s -= a[i, k] * b[k]
        b[i] = s / a[i, i]
    for i in range(n - 1, -1, -1):
        s = b[i]
        for k in range(i + 1, n):
            s -= a[k, i] * b[k]
        b[i] = s / a[i, i]
    return True


@kernel
def inverse_diagonal(a: F64, out: F64) -> bool:
    """Diagonal of the inverse of a symmetric positive definite matrix.

    Parameters
    ----------
    a : ndarray of shape (n, n), float64
        Lower triangle of the matrix; overwritten.
    out : ndarray of shape (n,), float64
        Written in place.

    Returns
    -------
    bool
        False if the matrix is not positive definite; ``out`` is then unchanged.
    """
    n = out.shape[0]
    if not _factorise(a, n):
        return False
    for j in range(n):  # columns of the factor's inverse, each in place of the factor's own
        a[j, j] = 1.0 / a[j, j]
        for i in range(j + 1, n):
            s = a[i, j] * a[j, j]
            for k in range(j + 1, i):
                s += a[i, k] * a[k, j]
            a[i, j] = -s / a[i, i]
    for j in range(n):
        out[j] = 0.0
        for i in range(j, n):
            out[j] += a[i, j] * a[i, j]
    return True


@kernel
def _factorise(a: F64, n: int) -> bool:
    """Put the Cholesky factor in place of a lower triangle; False where it has none."""
    for j in range(n):
        d = a[j, j]
        for k in range(j):
            d -= a[j, k] * a[j, k]
        if not d > 0.0:
            return False
        d = np.sqrt(d)
        a[j, j] = d
        for i in range(j + 1, n):
            s = a[i, j]
            for k in range(j):
                s -= a[i, k] * a[j, k]
            a[i, j] = s / d
    return True


@kernel
def copy_vector(source: F64, out: F64) -> None:
    """Copy element by element: numba's slice assignment may allocate, in case of overlap."""
    for i in range(source.shape[0]):
        out[i] = source[i]
