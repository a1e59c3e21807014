"""OpenSim's own tools on the demo subject, as an oracle: inverse dynamics, static optimization."""

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import numpy as np
import numpy.typing as npt

from configs.demo.motion import COORDINATES

F64 = npt.NDArray[np.float64]
Table = tuple[F64, dict[str, F64]]

RESIDUAL_FORCE = 1000.0
RESERVE_FORCE = 1.0


def write_storage(path: Path, names: Sequence[str], time: F64, values: F64) -> None:
    """Write a Storage file in radians and metres."""
    header = f"{path.stem}\nversion=1\nnRows={len(time)}\nnColumns={len(names) + 1}\n"
    rows = np.column_stack([time, values])
    body = "\n".join("\t".join(f"{value:.12g}" for value in row) for row in rows)
    titles = "\t".join(["time", *names])
    path.write_text(f"{header}inDegrees=no\nendheader\n{titles}\n{body}\n", encoding="utf-8")


def read_table(osim: ModuleType, path: Path) -> Table:
    """Time and columns by name."""
    table = osim.TimeSeriesTable(str(path))
    matrix = table.getMatrix().to_numpy()
    columns = {str(name): matrix[:, i] for i, name in enumerate(table.getColumnLabels())}
    return np.array(table.getIndependentColumn()), columns


def inverse_dynamics(
    osim: ModuleType,
    model: Path,
    loads: Path,
    coordinates: Path,
    span: tuple[float, float],
    out: Path,
    cutoff_hz: float = -1.0,
) -> Table:
    """Generalized forces of OpenSim's inverse dynamics [N m, N]; by default without any filter."""
    tool = osim.InverseDynamicsTool()
    tool.setModelFileName(str(model))
    tool.setCoordinatesFileName(str(coordinates))
    tool.setExternalLoadsFileName(str(loads))
    tool.setLowpassCutoffFrequency(cutoff_hz)
    tool.setStartTime(span[0])
    tool.setEndTime(span[1])
    tool.setResultsDir(str(out))
    tool.setOutputGenForceFileName("id.sto")
    excluded = osim.ArrayStr()
    excluded.append("Muscles")
    tool.setExcludedForces(excluded)
    tool.run()
    return read_table(osim, out / "id.sto")


def static_optimization(
    osim: ModuleType, subject: Path, coordinates: Path, span: tuple[float, float], out: Path
) -> Table:
    """Activations and reserves of OpenSim's static optimization [-]."""
    model = osim.Model(str(subject / "model.osim"))
    for name in COORDINATES:
        reserve = osim.CoordinateActuator(name)
        reserve.setName(f"reserve_{name}")
        residual = name.startswith("pelvis")
        reserve.setOptimalForce(RESIDUAL_FORCE if residual else RESERVE_FORCE)
        reserve.setMinControl(-np.inf)
        reserve.setMaxControl(np.inf)
        model.addForce(reserve)
    model.finalizeConnections()
    model.printToXML(str(out / "with_reserves.osim"))
    analysis = osim.StaticOptimization()
    analysis.setStepInterval(4)
    tool = osim.AnalyzeTool()
    tool.setName("so")
    tool.setModelFilename(str(out / "with_reserves.osim"))
    tool.setCoordinatesFileName(str(coordinates))
    tool.setExternalLoadsFileName(str(subject / "walk" / "external_loads.xml"))
    tool.setLowpassCutoffFrequency(-1.0)
    tool.setInitialTime(span[0])
    tool.setFinalTime(span[1])
    tool.setResultsDir(str(out))
    for own in (analysis.setStartTime, tool.setStartTime):
        own(span[0])
    analysis.setEndTime(span[1])
    tool.updAnalysisSet().cloneAndAppend(analysis)
    tool.printToXML(str(out / "setup.xml"))
    osim.AnalyzeTool(str(out / "setup.xml")).run()
    return read_table(osim, out / "so_StaticOptimization_activation.sto")
