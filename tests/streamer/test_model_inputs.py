"""What is said of a model that lacks what the network uses or estimates."""

from inference import LimbInputs
from streamer.model_inputs import absent_lines
from tests.inference.test_limb_inputs import GAIT_COORDINATES

MUSCLES = tuple(f"{muscle}_{side}" for side in "rl" for muscle in ("soleus", "tibant", "recfem"))


def test_of_a_whole_model_nothing_is_said() -> None:
    """Also if neither leg has some muscle."""
    assert absent_lines(LimbInputs(MUSCLES, GAIT_COORDINATES, 70.0)) == []


def test_coordinates_and_muscles_of_one_leg_are_named() -> None:
    muscles = ("my_sol_r", *MUSCLES[1:])
    coordinates = tuple(c.replace("knee_angle_l", "KneeFlexL") for c in GAIT_COORDINATES)
    lacks, not_estimated = absent_lines(LimbInputs(muscles, coordinates, 70.0))
    assert lacks == "this model lacks knee_angle_l: the network does without"
    assert not_estimated.startswith("no muscle of this model is known for SOL_r, though")
