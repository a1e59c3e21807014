"""What is said of a model that lacks what the network uses or estimates."""

import numpy as np

from configs.demo.build import SUBJECT
from inference import LimbInputs
from inference.channels import CHANNELS, N_INPUT, SLICE_MOMENT
from sim_bridge import compile_model
from streamer.model_inputs import absent_lines, inputs_of
from tests.inference.test_limb_inputs import GAIT_COORDINATES

MUSCLES = tuple(f"{muscle}_{side}" for side in "rl" for muscle in ("soleus", "tibant", "recfem"))
OTHERS = [f"{c}_{s}" for s in "rl" for c in CHANNELS if c not in ("SOL", "TA", "RF")]


def test_a_muscle_that_neither_leg_has_is_named_unless_the_map_leaves_it_out() -> None:
    inputs = LimbInputs(MUSCLES, GAIT_COORDINATES, 70.0)
    (line,) = absent_lines(inputs)
    assert line.startswith(f"no muscle of this model is known for {', '.join(OTHERS)}: not")
    assert absent_lines(inputs, OTHERS) == []


def test_coordinates_and_muscles_of_one_leg_are_named() -> None:
    muscles = ("my_sol_r", *MUSCLES[1:])
    coordinates = tuple(c.replace("knee_angle_l", "KneeFlexL") for c in GAIT_COORDINATES)
    inputs = LimbInputs(muscles, coordinates, 70.0)
    lacks, not_estimated = absent_lines(inputs, OTHERS)
    assert lacks == "this model lacks knee_angle_l: the network does without"
    assert not_estimated.startswith("no muscle of this model is known for SOL_r, though")


def test_moments_are_per_mass_of_the_person_and_else_of_the_model() -> None:
    model = compile_model(SUBJECT / "model.osim")
    still, tau = np.zeros((2, len(model.coordinate_names))), np.ones(len(model.coordinate_names))
    filled = np.zeros((3, 2, N_INPUT), np.float32)
    for out, mass_kg in zip(filled, (None, model.mass, 0.5 * model.mass), strict=True):
        inputs_of(model, mass_kg).fill(np.zeros(len(model.muscle_names)), *still, tau, out)
    by_default, of_model, of_child = filled[:, :, SLICE_MOMENT]
    np.testing.assert_array_equal(by_default, of_model)
    np.testing.assert_allclose(of_child, 2.0 * of_model, rtol=1e-6)  # float32
