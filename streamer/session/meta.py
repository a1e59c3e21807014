"""The `meta` message of a session: what its arrays mean."""

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from streamer.clock import boot_id
from streamer.config.session import RunConfig
from streamer.messaging.messages import Meta

if TYPE_CHECKING:  # a reader of messages loads neither solver nor network
    from inference import Refiner
    from sim_bridge import CompiledModel, ExternalForce

_WRENCH_UNITS = ("N",) * 3 + ("m",) * 3 + ("N m",) * 3
"""Of force, point and torque."""


def make_meta(
    config: RunConfig,
    model: "CompiledModel",
    loads: Sequence["ExternalForce"],
    network: "Refiner",
) -> Meta:
    """Gather names, units and hashes.

    Parameters
    ----------
    config : RunConfig
        The session.
    model : CompiledModel
        Whom it tracks.
    loads : sequence of ExternalForce
        What acts on the person, as in `Bridge.loads`.
    network : Refiner
        What it runs.

    Returns
    -------
    Meta
        The session fills in the head, and what it promises.
    """
    angle = [bool(a) for a in model.coordinate_is_angle]
    subject = network.subject
    corrected = () if subject is None else subject.channel_names
    return Meta(
        channel_names=tuple(network.channel_names),
        muscle_names=model.muscle_names,
        coordinate_names=model.coordinate_names,
        force_names=tuple(load.name for load in loads),
        force_bodies=tuple(load.body for load in loads),
        units={
            "emg": "fraction of the subject's reference maximum",
            "sigma": "fraction of the subject's reference maximum",
            "activation": "1",
            "q": ["rad" if a else "m" for a in angle],
            "qd": ["rad/s" if a else "m/s" for a in angle],
            "tau": ["N m" if a else "N" for a in angle],
            "forces": [unit for _ in loads for unit in _WRENCH_UNITS],
            "predicted": "1",
            "marker_rms": "m",
        },
        model_name=model.name,
        model_hash=model.digest,
        mass_kg=config.mass_kg or model.mass,
        checkpoint_hash=network.digest,
        subject=config.subject.stem if config.subject is not None else "",
        subject_hash="" if subject is None else subject.facts.sha256,
        subject_channels=tuple(name for name in network.channel_names if name in corrected),
        subject_lag_ms=0.0 if subject is None else 1e3 * subject.facts.lag_s,
        filter=config.filter,
        boot_id=boot_id(),
        software=_software(),
    )


def _software() -> str:
    """Name and version of this package."""
    try:
        return f"nem2e-rt {version('nem2e-rt')}"
    except PackageNotFoundError:
        return "nem2e-rt (not installed)"
