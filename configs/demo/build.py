"""Write the demo subject's files: model, markers, forces and what they are.

Run as ``python -m configs.demo.build``. The files are committed; running it again reproduces them
(up to the last printed digit on another machine). ``gait.json`` is its input and comes from
``configs.demo.solve``.
"""

import logging
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import opensim as osim

from configs.demo.anthropometry import BODY_HEIGHT, BODY_MASS, HIP_HALF_WIDTH
from configs.demo.markers import CAMERA_RMS, MARKERS, SOFT_TISSUE_RMS, recording_error
from configs.demo.model import build_model, total_mass
from configs.demo.motion import BELT_SPEED, COORDINATES, DURATION, N_STRIDES, Gait
from configs.demo.reaction import foot_reactions

F64 = npt.NDArray[np.float64]

SUBJECT = Path(__file__).with_name("subject")
TRIAL = "walk"
MARKER_RATE = 100
FORCE_RATE = 500


def marker_places(model: osim.Model, coordinates: F64) -> F64:
    """Model markers in ground, shape (n, n_markers, 3) [m], at coordinates of shape (n, 9)."""
    state = model.initSystem()
    places = np.empty((len(coordinates), len(MARKERS), 3))
    handles = [model.getCoordinateSet().get(name) for name in COORDINATES]
    markers = [model.getMarkerSet().get(name) for name, _, _ in MARKERS]
    for row, pose in zip(places, coordinates, strict=True):
        for handle, value in zip(handles, pose, strict=True):
            handle.setValue(state, float(value), False)
        model.realizePosition(state)
        for place, marker in zip(row, markers, strict=True):
            place[:] = marker.getLocationInGround(state).to_numpy()
    return places


def write_markers(path: Path, places: F64) -> None:
    """Write a TRC file [mm], 0.01 mm."""
    names = [name for name, _, _ in MARKERS]
    axes = [f"{axis}{index}" for index in range(1, len(names) + 1) for axis in "XYZ"]
    size = f"{MARKER_RATE}\t{MARKER_RATE}\t{len(places)}\t{len(names)}"
    lines = [
        f"PathFileType\t4\t(X/Y/Z)\t{path.name}",
        "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\t"
        "OrigDataRate\tOrigDataStartFrame\tOrigNumFrames",
        f"{size}\tmm\t{MARKER_RATE}\t1\t{len(places)}",
        "Frame#\tTime\t" + "\t\t\t".join(names) + "\t\t",
        "\t\t" + "\t".join(axes),
        "",
    ]
    for index, row in enumerate(places.reshape(len(places), -1) * 1e3):
        values = "\t".join(_fixed(value, 2) for value in row)
        lines.append(f"{index + 1}\t{index / MARKER_RATE:.2f}\t{values}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def force_table(gait: Gait, time: F64) -> tuple[list[str], F64]:
    """Column names and values, shape (n, 18): force [N], centre of pressure [m], torque [N m]."""
    names: list[str] = []
    blocks = []
    for side, reaction in foot_reactions(gait, time).items():
        lateral = HIP_HALF_WIDTH if side == "r" else -HIP_HALF_WIDTH
        for stem in ("force_{}_v", "force_{}_p", "torque_{}_"):
            names.extend(f"ground_{stem.format(side)}{axis}" for axis in "xyz")
        block = np.zeros((len(time), 9))
        block[:, 0:2] = reaction.force
        block[:, 3] = reaction.centre
        block[:, 5] = lateral
        blocks.append(block)
    return names, np.concatenate(blocks, axis=1)


def write_forces(path: Path, names: Sequence[str], table: F64) -> None:
    """Write a Storage file, 0.01 N and 0.01 mm."""
    digits = ([2] * 3 + [5] * 3 + [0] * 3) * 2
    lines = [
        path.stem,
        "version=1",
        f"nRows={len(table)}",
        f"nColumns={len(names) + 1}",
        "inDegrees=no",
        "endheader",
        "time\t" + "\t".join(names),
    ]
    for index, row in enumerate(table):
        values = "\t".join(_fixed(value, n) for value, n in zip(row, digits, strict=True))
        lines.append(f"{index / FORCE_RATE:.3f}\t{values}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _fixed(value: float, digits: int) -> str:
    """Shortest text of a value rounded to so many digits; no negative zero, no padding."""
    text = f"{round(value, digits):.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def external_loads() -> str:
    """ExternalLoads XML: right force on calcn_r, left force on calcn_l, both in ground."""
    forces = "".join(
        f"""
\t\t\t<ExternalForce name="{name}">
\t\t\t\t<applied_to_body>calcn_{side}</applied_to_body>
\t\t\t\t<force_expressed_in_body>ground</force_expressed_in_body>
\t\t\t\t<point_expressed_in_body>ground</point_expressed_in_body>
\t\t\t\t<force_identifier>ground_force_{side}_v</force_identifier>
\t\t\t\t<point_identifier>ground_force_{side}_p</point_identifier>
\t\t\t\t<torque_identifier>ground_torque_{side}_</torque_identifier>
\t\t\t</ExternalForce>"""
        for name, side in (("right", "r"), ("left", "l"))
    )
    return f"""<?xml version="1.0" encoding="UTF-8" ?>
<OpenSimDocument Version="40000">
\t<ExternalLoads name="external_loads">
\t\t<objects>{forces}
\t\t</objects>
\t\t<groups />
\t\t<datafile>grf.mot</datafile>
\t</ExternalLoads>
</OpenSimDocument>
"""


def description() -> str:
    """Text of ``trial.toml``."""
    return f"""# computed, not measured: written by `python -m configs.demo.build`
source = "NEM2E-RT demo subject: a computed sagittal walk of a model built from published numbers"
citation = "Segments: Winter DA (2009), Biomechanics and Motor Control of Human Movement, 4th ed. \
Muscles: Geyer H, Herr H (2010), IEEE Trans Neural Syst Rehabil Eng 18(3):263-273, \
doi:10.1109/TNSRE.2010.2047592"
licence = "Apache-2.0 (as the project)"
motion = "walk"
speed_mps = {BELT_SPEED:.3f}
treadmill = true
mass_kg = {BODY_MASS:.3f}
height_m = {BODY_HEIGHT:.2f}
marker_rate_hz = {MARKER_RATE}
synthetic_markers = true
valid = [[0.000, {DURATION:.3f}]]
loops = true
plates = "treadmill, one force per foot, from Newton and Euler of the whole body"
notes = "Periodic: {N_STRIDES} strides in {DURATION:.0f} s, the last frame runs into the first. \
Markers are the model's own plus a seeded error that loops too: soft tissue \
{SOFT_TISSUE_RMS * 1e3:.1f} mm RMS per axis at stride harmonics 1-4, camera noise \
{CAMERA_RMS * 1e3:.1f} mm RMS. Forces have no noise and fit the motion exactly."

[emg]
kind = "none"
"""


def write_model(path: Path) -> osim.Model:
    """Build the model, write it to ``path`` and return it."""
    model = build_model()
    total_mass(model)
    # OpenSim writes the file beside the target first, under a name of its own
    with tempfile.TemporaryDirectory() as folder:
        printed = Path(folder) / path.name
        model.printToXML(str(printed))
        path.write_text(printed.read_text(encoding="utf-8"), encoding="utf-8")
    return model


def build(directory: Path = SUBJECT) -> None:
    """Write every file of the subject under ``directory``."""
    trial = directory / TRIAL
    trial.mkdir(parents=True, exist_ok=True)
    gait = Gait.load()
    model = write_model(directory / "model.osim")
    marker_time = np.arange(int(DURATION * MARKER_RATE)) / MARKER_RATE
    places = marker_places(model, gait.coordinates(marker_time))
    write_markers(trial / "markers.trc", places + recording_error(len(places)))
    force_time = np.arange(int(DURATION * FORCE_RATE)) / FORCE_RATE
    write_forces(trial / "grf.mot", *force_table(gait, force_time))
    (trial / "external_loads.xml").write_text(external_loads(), encoding="utf-8")
    (trial / "trial.toml").write_text(description(), encoding="utf-8")
    logging.getLogger(__name__).info("wrote %s", directory)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    osim.Logger.removeFileSink()
    osim.Logger.setLevelString("Warn")
    build()
