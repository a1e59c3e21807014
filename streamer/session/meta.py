"""The `meta` message of a session: what its arrays mean."""

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from streamer.config.session import RunConfig
from streamer.messaging.messages import Meta

if TYPE_CHECKING:  # a reader of messages loads neither solver nor network
    from inference import Refiner
    from sim_bridge import CompiledModel


def make_meta(config: RunConfig, model: "CompiledModel", network: "Refiner") -> Meta:
    """Gather names, units and hashes.

    Parameters
    ----------
    config : RunConfig
        The session.
    model, network : CompiledModel, Refiner
        What it runs.

    Returns
    -------
    Meta
        The session fills in the head, and what it promises.
    """
    rotation = [bool(r) for r in model.coordinate_is_angle]
    return Meta(
        channel_names=tuple(network.channel_names),
        muscle_names=model.muscle_names,
        coordinate_names=model.coordinate_names,
        units={
            "emg": "fraction of the subject's reference maximum",
            "sigma": "fraction of the subject's reference maximum",
            "activation": "1",
            "q": ["rad" if r else "m" for r in rotation],
            "qd": ["rad/s" if r else "m/s" for r in rotation],
            "tau": ["N m" if r else "N" for r in rotation],
            "marker_rms": "m",
        },
        model_name=model.name,
        model_hash=model.digest,
        checkpoint_hash=network.digest,
        subject=config.subject.stem if config.subject is not None else "",
        subject_lag_ms=0.0 if network.subject is None else 1e3 * network.subject.facts.lag_s,
        filter=config.filter,
        software=_software(),
    )


def _software() -> str:
    """Name and version of this package."""
    try:
        return f"nem2e-rt {version('nem2e-rt')}"
    except PackageNotFoundError:
        return "nem2e-rt (not installed)"
