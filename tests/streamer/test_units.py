"""Sizes of units, however a stream or a file spells them."""

import pytest

from streamer.units import METRES_PER_UNIT, NEWTON_METRES_PER_UNIT, NEWTONS_PER_UNIT, spelled


@pytest.mark.parametrize(
    ("unit", "table", "size"),
    [
        ("M", METRES_PER_UNIT, 1.0),
        ("Centimetres", METRES_PER_UNIT, 0.01),
        ("mm", METRES_PER_UNIT, 0.001),
        ("in", METRES_PER_UNIT, 0.0254),
        ("Inch", METRES_PER_UNIT, 0.0254),
        ("inches", METRES_PER_UNIT, 0.0254),
        ("Newton", NEWTONS_PER_UNIT, 1.0),
        ("kN", NEWTONS_PER_UNIT, 1000.0),
        ("N m", NEWTON_METRES_PER_UNIT, 1.0),
        ("N·mm", NEWTON_METRES_PER_UNIT, 0.001),
        ("N*cm", NEWTON_METRES_PER_UNIT, 0.01),
        ("kN-m", NEWTON_METRES_PER_UNIT, 1000.0),
    ],
)
def test_a_unit_is_as_large_as_it_is(unit: str, table: dict[str, float], size: float) -> None:
    assert table[spelled(unit)] == size
