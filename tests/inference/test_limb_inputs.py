from __future__ import annotations

import numpy as np
import pytest

from inference.channels import (
    CHANNELS,
    COORDINATES,
    INPUT_GROUPS,
    N_INPUT,
    SLICE_ACTIVATION,
    SLICE_ANGLE,
    SLICE_MOMENT,
    SLICE_VELOCITY,
    legs,
)
from inference.exceptions import CoordinateError, InferenceError
from inference.inputs.limb_inputs import LimbInputs
from tests.inference.test_muscle_map import DEMO, GAIT2392, RAJAGOPAL, both

GAIT_COORDINATES = ["pelvis_tilt", *(f"{stem}_{side}" for side in "rl" for stem in COORDINATES)]


def filled(inputs: LimbInputs, activation: np.ndarray, q: np.ndarray) -> np.ndarray:
    out = np.zeros((2, N_INPUT), dtype=np.float32)
    inputs.fill(activation, q, 10.0 * q, 100.0 * q, out)
    return out


def test_channels_are_means_over_their_muscles() -> None:
    muscles = both(RAJAGOPAL)
    activation = np.linspace(0.0, 1.0, len(muscles))
    inputs = LimbInputs(muscles, GAIT_COORDINATES, 70.0)
    out = filled(inputs, activation, np.zeros(len(GAIT_COORDINATES)))
    by_name = dict(zip(muscles, activation, strict=True))
    gmax = np.mean([by_name[f"glmax{i}_l"] for i in (1, 2, 3)])
    assert out[1, CHANNELS.index("GMAX")] == pytest.approx(gmax, rel=1e-6)  # float32
    assert out[0, CHANNELS.index("SOL")] == pytest.approx(by_name["soleus_r"], rel=1e-6)


def test_same_motion_looks_the_same_in_models_that_count_the_knee_differently() -> None:
    q = np.arange(1.0, 1.0 + len(GAIT_COORDINATES))
    flipped = q.copy()
    flipped[[i for i, name in enumerate(GAIT_COORDINATES) if "knee" in name]] *= -1.0
    rajagopal, gait2392 = both(RAJAGOPAL), both(GAIT2392)
    a = filled(LimbInputs(rajagopal, GAIT_COORDINATES, 70.0), np.zeros(len(rajagopal)), q)
    b = filled(LimbInputs(gait2392, GAIT_COORDINATES, 70.0), np.zeros(len(gait2392)), flipped)
    np.testing.assert_array_equal(a, b)


def test_angles_velocities_and_moments_land_in_their_limb_and_unit() -> None:
    q = np.arange(1.0, 1.0 + len(GAIT_COORDINATES))
    muscles = both(RAJAGOPAL)
    out = filled(LimbInputs(muscles, GAIT_COORDINATES, 50.0), np.zeros(len(muscles)), q)
    for limb, side in enumerate("rl"):
        expected = np.array([q[GAIT_COORDINATES.index(f"{stem}_{side}")] for stem in COORDINATES])
        np.testing.assert_allclose(out[limb, SLICE_ANGLE], expected, rtol=1e-6)  # float32
        np.testing.assert_allclose(out[limb, SLICE_VELOCITY], 10.0 * expected, rtol=1e-6)
        np.testing.assert_allclose(out[limb, SLICE_MOMENT], 100.0 * expected / 50.0, rtol=1e-6)


def test_each_row_shows_the_other_leg_behind_its_own() -> None:
    q = np.arange(1.0, 1.0 + len(GAIT_COORDINATES))
    muscles = both(RAJAGOPAL)
    inputs = LimbInputs(muscles, GAIT_COORDINATES, 50.0)
    out = filled(inputs, np.linspace(0.0, 1.0, len(muscles)), q)
    own, other = legs(out)
    assert not np.array_equal(own[0], own[1])
    np.testing.assert_array_equal(other, own[::-1])
    np.testing.assert_array_equal(out[:, INPUT_GROUPS["other_angle"]], out[::-1, SLICE_ANGLE])
    own, other = legs(inputs.present)
    np.testing.assert_array_equal(other, own[::-1])


def test_a_model_of_one_leg_has_no_other() -> None:
    names = [f"{stem}_r" for stem in COORDINATES]
    muscles = [name for name in both(RAJAGOPAL) if name.endswith("_r")]
    present = LimbInputs(muscles, names, 50.0).present
    own, other = legs(present)
    assert own[0].all()
    assert not other[0].any()
    assert other[1].all()
    assert not own[1].any()


def test_what_a_planar_model_lacks_is_marked_absent_and_zero() -> None:
    coordinates = [
        "pelvis_tilt",
        *(f"{s}_{side}" for side in "rl" for s in ("hip_flexion", "knee_angle")),
    ]
    muscles = both(DEMO)
    inputs = LimbInputs(muscles, coordinates, 70.0)
    out = filled(inputs, np.ones(len(muscles)), np.ones(len(coordinates)))
    assert not out[inputs.present == 0].any()
    present = dict(zip(COORDINATES, inputs.present[0, SLICE_ANGLE], strict=True))
    assert present["hip_flexion"] == present["knee_angle"] == 1
    assert present["hip_rotation"] == present["ankle_angle"] == 0
    assert not inputs.channel_present[:, CHANNELS.index("RF")].any()
    assert inputs.present[0, SLICE_ACTIVATION][CHANNELS.index("VM")] == 1


def test_a_leg_without_any_of_its_coordinates_is_refused_and_those_it_lacks_are_named() -> None:
    muscles = both(RAJAGOPAL)
    assert not LimbInputs(muscles, GAIT_COORDINATES, 70.0).absent_coordinates
    turned = [name.replace("hip_rotation_r", "HipRot_r") for name in GAIT_COORDINATES]
    assert LimbInputs(muscles, turned, 70.0).absent_coordinates == ("hip_rotation_r",)
    renamed = [name if name.endswith("_r") else f"my_{name}" for name in GAIT_COORDINATES]
    with pytest.raises(CoordinateError, match=r"leg l, but none of .* names: hip_flexion_l, hip_a"):
        LimbInputs(muscles, renamed, 70.0)


def test_knee_of_an_unknown_family_is_absent_until_its_sign_is_given() -> None:
    arguments = (["quad_r"], ["knee_angle_r"], 70.0, {"VM_r": ["quad_r"]})
    knee = COORDINATES.index("knee_angle")
    assert LimbInputs(*arguments).present[0, SLICE_ANGLE][knee] == 0
    assert LimbInputs(*arguments, knee_flexion=-1).present[0, SLICE_ANGLE][knee] == 1


@pytest.mark.parametrize("mass", [0.0, -1.0, float("nan")])
def test_impossible_mass_is_refused(mass: float) -> None:
    with pytest.raises(InferenceError, match="mass"):
        LimbInputs(both(RAJAGOPAL), GAIT_COORDINATES, mass)


def test_muscle_map_of_another_model_is_an_inference_error() -> None:
    with pytest.raises(InferenceError, match="quadriceps"):
        LimbInputs(both(RAJAGOPAL), GAIT_COORDINATES, 70.0, {"VM_r": ["quadriceps_r"]})
