"""IK setup files of OpenSim: which markers count how much, which coordinates are held."""

from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from sim_bridge import CoordinateTask
from streamer.exceptions import FormatError
from streamer.formats.xml_file import read_xml


@dataclass(frozen=True)
class IkSetup:
    """Tasks of a setup file; markers without a task are not tracked, as in OpenSim.

    Attributes
    ----------
    marker_weights : dict of str to float
        Weight of every tracked marker.
    coordinate_tasks : tuple of CoordinateTask
        Coordinates with a value to hold.
    """

    marker_weights: dict[str, float]
    coordinate_tasks: tuple[CoordinateTask, ...]


def read_ik_setup(path: Path) -> IkSetup:
    """Read the IKTaskSet of a setup XML.

    Parameters
    ----------
    path : Path
        An InverseKinematicsTool setup, or a file that holds an IKTaskSet alone.

    Raises
    ------
    FormatError
        If it is missing, unreadable, no XML, a setup of the ScaleTool, has no marker task, or a
        task takes its value from a file.
    """
    root = read_xml(path)
    if next(root.iter("ScaleTool"), None) is not None:
        raise FormatError(
            path,
            "a setup of the ScaleTool, whose tasks put markers on a person who stands still",
            "give the IK setup of the motion",
        )
    weights = {
        _name(task): _number(path, task, "weight", 1.0)
        for task in root.iter("IKMarkerTask")
        if _applies(task)
    }
    if not weights:
        raise FormatError(
            path, "no marker task that applies", "give an IK setup with IKMarkerTasks"
        )
    tasks = tuple(_task(path, task) for task in root.iter("IKCoordinateTask") if _applies(task))
    return IkSetup(weights, tasks)


def _task(path: Path, task: ElementTree.Element) -> CoordinateTask:
    kind = (task.findtext("value_type") or "default_value").strip()
    if kind == "from_file":
        raise FormatError(
            path,
            f"coordinate task {_name(task)!r} takes its value from a file",
            "use default_value or manual_value, a live session has no such file",
        )
    value = _number(path, task, "value", 0.0) if kind == "manual_value" else None
    return CoordinateTask(_name(task), _number(path, task, "weight", 1.0), value)


def _name(task: ElementTree.Element) -> str:
    return (task.get("name") or "").strip()


def _applies(task: ElementTree.Element) -> bool:
    return (task.findtext("apply") or "true").strip().lower() == "true"


def _number(path: Path, task: ElementTree.Element, tag: str, default: float) -> float:
    text = (task.findtext(tag) or "").strip()
    try:
        return float(text) if text else default
    except ValueError:
        raise FormatError(
            path, f"task {_name(task)!r} has {tag} {text!r}", "write a number"
        ) from None
