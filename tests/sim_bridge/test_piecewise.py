"""Functions of joints and couplers against OpenSim's own evaluation."""

import numpy as np
import opensim
import pytest

from sim_bridge import UnsupportedComponent
from sim_bridge.compile.functions import FunctionTable
from tests.sim_bridge.oracle import call
from tests.sim_bridge.small_models import function_classes, line, spline

# Away from knots, where a curvature jumps and rounding decides which side is taken.
EVERYWHERE = np.linspace(-3.0, 5.0, 161) + 1e-4
# Value, slope and curvature: a spline is found through its values, and each derivative of it
# loses the width of a piece; Sine is a table, good to 1e-9 by its own promise.
TOLERANCE = (1e-12, 1e-11, 1e-10)
TABLE_TOLERANCE = (1e-9, 1e-7, 1e-5)


@pytest.mark.parametrize("name", function_classes())
def test_value_slope_and_curvature_are_opensims(name: str) -> None:
    function, table = function_classes()[name], FunctionTable()
    number = table.add(function, "tested")
    built = table.build()
    theirs = np.array([call(function, x) for x in EVERYWHERE])
    ours = np.array([built(number, x) for x in EVERYWHERE])
    tolerance = TABLE_TOLERANCE if name == "Sine" else TOLERANCE
    for order in range(3):
        np.testing.assert_allclose(
            ours[:, order], theirs[:, order], rtol=0.0, atol=tolerance[order], err_msg=str(order)
        )


def test_slope_and_curvature_are_derivatives_of_the_value() -> None:
    step = 1e-4
    for name, function in function_classes().items():
        table = FunctionTable()
        number = table.add(function, name)
        built = table.build()
        for x in (-2.0, -0.8, 0.3, 1.0, 4.0):
            low, middle, high = (built(number, x + k * step) for k in (-1, 0, 1))
            assert middle[1] == pytest.approx((high[0] - low[0]) / (2 * step), abs=1e-7), name
            assert middle[2] == pytest.approx((high[1] - low[1]) / (2 * step), abs=1e-6), name


def test_functions_of_a_table_do_not_mix() -> None:
    classes, table = function_classes(), FunctionTable()
    numbers = {name: table.add(function, name) for name, function in classes.items()}
    built = table.build()
    for name, function in classes.items():
        assert built(numbers[name], 0.4)[0] == pytest.approx(call(function, 0.4)[0], abs=1e-9)


def test_equal_lines_share_a_number() -> None:
    table = FunctionTable()
    assert table.add(line(2.0, 0.5), "a") == table.add(line(2.0, 0.5), "b")
    assert table.add(line(2.0, 0.5), "a") != table.add(line(2.0, 0.6), "b")


def test_nan_gives_nan_and_no_crash() -> None:
    table = FunctionTable()
    number = table.add(spline([(0.0, 0.0), (1.0, 1.0), (2.0, 0.0)]), "tested")
    assert np.isnan(table.build()(number, float("nan"))[0])


def test_function_with_jumps_is_refused_by_class_and_owner() -> None:
    stairs = opensim.PiecewiseConstantFunction()
    for x in (-1.0, 0.1, 0.7, 2.0):
        stairs.addPoint(x, x)
    with pytest.raises(UnsupportedComponent, match=r"PiecewiseConstantFunction 'knee_r'"):
        FunctionTable().add(stairs, "knee_r")
