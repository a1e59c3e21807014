"""Read one .osim file through OpenSim and assemble the compiled model."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import opensim

from sim_bridge.base_coordinates import base_links
from sim_bridge.exceptions import ModelFileError
from sim_bridge.model import CompiledModel

from .coordinates import read_coordinates, tell_of_ranges
from .forces import read_actuators, read_springs, refuse_other_forces
from .functions import FunctionTable
from .muscles import read_muscles, working_muscles
from .numbers import refuse_what_is_no_number
from .outside_sets import refuse_outside_sets
from .path_points import read_path_geometry
from .paths import LengthOracle, Progress, fit_paths, fit_region
from .skeleton import read_skeleton

_MODEL = re.compile(rb"<Model[\s/>]")
_PLUGIN = re.compile(r"object type '\{?(\w+)\}?' is not a registered")


def build_model(osim: Path, digest: str, progress: Progress) -> CompiledModel:
    """Compile without looking at the cache; parameters as in :func:`sim_bridge.compile_model`."""
    progress("reading the model", 0.0)
    if not _MODEL.search(osim.read_bytes()):  # OpenSim makes an empty model of any file of its own
        raise ModelFileError(f"{osim} holds no Model; give the person's .osim file")
    refuse_what_is_no_number(osim)
    model = _open(osim)
    try:
        return _compiled(model, osim, digest, progress)
    except RuntimeError as error:  # of OpenSim, on a part of the model that it reads only now
        raise ModelFileError(f"OpenSim cannot use {osim}: {_reason(error)}") from error


def _compiled(model: Any, osim: Path, digest: str, progress: Progress) -> CompiledModel:
    table = FunctionTable()
    coordinates = read_coordinates(model, table)
    chain, bodies, markers, frames = read_skeleton(model, coordinates.names, table)
    working = working_muscles(model)
    muscles = read_muscles(working)
    refuse_other_forces(model)
    if not markers.names:  # said last, for it is easily mended
        raise ModelFileError(
            f"{osim} has no markers; add your laboratory's marker set to it, see docs/rig.md"
        )
    if not len(coordinates.free_index):
        raise ModelFileError(f"nothing can move in {osim}; unlock the coordinates that should")
    geometry = read_path_geometry(working, coordinates.names, frames, table)
    functions = table.build()
    tell_of_ranges(model, coordinates, functions)
    oracle = LengthOracle(model, working, coordinates, functions)
    region = fit_region(model, coordinates)
    gravity = model.getGravity()
    compiled = CompiledModel(
        name=str(model.getName()),
        digest=digest,
        mass=float(chain.mass.sum()),
        gravity=np.array([gravity.get(i) for i in range(3)]),
        functions=functions,
        chain=chain,
        coordinates=coordinates,
        bodies=bodies,
        markers=markers,
        muscles=muscles,
        geometry=geometry,
        paths=fit_paths(oracle, region, geometry.is_exact, muscles.names, progress),
        actuators=read_actuators(model, coordinates.names),
        springs=read_springs(model, coordinates.names, chain),
    )
    if base_links(compiled):
        return compiled
    # who hangs on ground by more than a joint of the whole body: pelvis and all may be welded
    return replace(compiled, mass=float(model.getTotalMass(model.getWorkingState())))


def _open(osim: Path) -> Any:
    """The model with an initialised system."""
    opensim.Logger.setLevelString("Error")  # its hints about meshes and defaults help nobody here
    try:
        model = opensim.Model(str(osim))
        model.finalizeFromProperties()  # names a wrong value, which later calls do not
        refuse_outside_sets(model)  # before OpenSim adds bodies of its own where a loop closes
        model.initSystem()
    except RuntimeError as error:
        raise ModelFileError(_unreadable(osim, _reason(error))) from error
    return model


def _unreadable(osim: Path, reason: str) -> str:
    """What to say of a file that OpenSim does not open."""
    if found := _PLUGIN.search(reason):
        return (
            f"{osim} has a {found[1]}, which is of a plugin and not of OpenSim; remove what is of"
            " that class"
        )
    return f"OpenSim cannot read {osim}: {reason}; give a whole .osim file, one that OpenSim opens"


def _reason(error: RuntimeError) -> str:
    """The telling part of one of OpenSim's messages, without the places in its own code."""
    message = re.sub(r"^std::exception in '.*?': ", "", str(error).strip())
    said = re.split(r"\n\s*Thrown at ", message)[0]
    telling = [line for line in said.splitlines() if "rror" in line]
    return " ".join((telling[-1] if telling else said).split()).rstrip(".")
