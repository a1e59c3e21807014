"""What a session says of its arrays, its person and its network."""

import sys
import uuid
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from msgspec import structs

from sim_bridge import ExternalForce
from streamer.clock import boot_id
from streamer.config.session import RunConfig
from streamer.messaging.messages import Act, Dyn, Emg, Kin, Meta
from streamer.session.meta import make_meta

MODEL = SimpleNamespace(
    name="walker", digest="abc", mass=61.5, muscle_names=("soleus_r",),
    coordinate_names=("pelvis_tilt", "pelvis_tx"), coordinate_is_angle=np.array([True, False]),
)  # fmt: skip
LOADS = (ExternalForce("left plate", "calcn_l"), ExternalForce("exo", "tibia_r", pure_torque=True))


def meta(calibration: object = None, **settings: Any) -> Meta:
    network: Any = SimpleNamespace(
        channel_names=["SOL_r", "TA_r", "SOL_l"], digest="def", subject=calibration
    )
    model: Any = MODEL
    return make_meta(RunConfig(model=Path("m.osim"), **settings), model, LOADS, network)


def test_units_are_those_of_each_coordinate() -> None:
    assert meta().units["q"] == ["rad", "m"]
    assert meta().units["qd"] == ["rad/s", "m/s"]
    assert meta().units["tau"] == ["N m", "N"]


def test_every_array_of_a_frame_has_a_unit() -> None:
    fields = [field for kind in (Emg, Act, Kin, Dyn) for field in structs.fields(kind)]
    arrays = {field.name for field in fields if field.type is bytes}
    units = meta().units
    assert units.keys() == arrays | {"marker_rms"}
    assert all(units.values())


def test_each_force_has_a_name_a_body_and_nine_numbers() -> None:
    assert meta().force_names == ("left plate", "exo")
    assert meta().force_bodies == ("calcn_l", "tibia_r")
    assert meta().units["forces"] == 2 * (["N"] * 3 + ["m"] * 3 + ["N m"] * 3)


def test_model_and_network_are_named() -> None:
    own = meta()
    assert (own.model_name, own.model_hash, own.checkpoint_hash) == ("walker", "abc", "def")
    assert own.channel_names == ("SOL_r", "TA_r", "SOL_l")
    assert own.software.startswith("nem2e-rt ")


def test_it_says_whose_clock_its_times_are_of() -> None:
    assert meta().boot_id == boot_id()
    if sys.platform == "linux":
        assert uuid.UUID(boot_id())


def test_the_mass_is_the_models_unless_another_is_given() -> None:
    assert meta().mass_kg == 61.5
    assert meta(mass_kg=70.0).mass_kg == 70.0


@pytest.mark.parametrize(
    ("file", "name"), [(None, ""), (Path("people/anna.subject"), "anna"), (Path("bo"), "bo")]
)
def test_it_says_whom_the_estimate_is_calibrated_to(file: Path | None, name: str) -> None:
    assert meta(subject=file).subject == name


def test_it_says_what_a_calibration_does() -> None:
    facts = SimpleNamespace(lag_s=-0.07, sha256="ghi")
    names = ("SOL_r", "RF_r", "SOL_l", "RF_l")  # the model has no rectus femoris
    own = meta(SimpleNamespace(facts=facts, channel_names=names))
    assert own.subject_lag_ms == pytest.approx(-70.0)
    assert (own.subject_hash, own.subject_channels) == ("ghi", ("SOL_r", "SOL_l"))


def test_without_a_calibration_nothing_is_said_of_one() -> None:
    own = meta()
    assert (own.subject, own.subject_hash, own.subject_channels) == ("", "", ())
    assert own.subject_lag_ms == 0.0
