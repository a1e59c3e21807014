"""What the house's compiler options must not break: NaN is our mark of a missing marker."""

import numpy as np
import pytest

from sim_bridge._jit import is_finite, kernel


@kernel
def sum_is_finite(row: np.ndarray) -> bool:
    """As kernels ask whether a marker was seen."""
    return bool(is_finite(row[0] + row[1] + row[2]))


@kernel
def count_missing(values: np.ndarray) -> int:
    """A loop that a careless compiler could take apart."""
    missing = 0
    for i in range(values.shape[0]):
        if not is_finite(values[i]):
            missing += 1
    return missing


@pytest.mark.parametrize("spoilt", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_sum_with_a_bad_term_is_not_finite(spoilt: float, place: int) -> None:
    """np.isfinite says that it is: it becomes x - x == 0, and reassociation cancels the terms."""
    row = np.array([0.3, -1.2, 5.0])
    assert sum_is_finite(row)
    row[place] = spoilt
    assert not sum_is_finite(row)


def test_every_missing_value_is_counted() -> None:
    values = np.random.default_rng(42).normal(size=1000)
    values[::7] = np.nan
    values[3::50] = np.inf
    assert count_missing(values) == np.count_nonzero(~np.isfinite(values))


def test_kernels_never_use_numpys_isfinite() -> None:
    """Nor anything else that is x - x in disguise."""
    from pathlib import Path

    import sim_bridge

    for source in Path(sim_bridge.__file__).parent.rglob("*.py"):
        text = source.read_text(encoding="utf-8")
        if "@kernel" in text and source.name != "_jit.py":
            assert "np.isfinite" not in text.partition("@kernel")[2], source
