"""OpenSim's ExternalLoads XML: which columns of a force file act on which body."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import numpy as np

from streamer.arrays import F64
from streamer.console.outputs import write_output
from streamer.exceptions import FormatError, nearest
from streamer.formats.plates import plate_columns
from streamer.formats.tables import Storage
from streamer.formats.xml_file import read_xml

if TYPE_CHECKING:
    from sim_bridge import ExternalForce


_AXES = ("x", "y", "z")
_NOTHING = ("", "unassigned")


@dataclass(frozen=True)
class ExternalForceColumns:
    """One external force and where its numbers stand.

    Attributes
    ----------
    name : str
        Name of the force.
    body : str
        Body of the model that it acts on; "" for a plate under an unknown foot.
    force_columns : tuple of str
        Three labels, force on the body, ground frame [N]; empty for a pure torque.
    point_columns : tuple of str
        Three labels, its point of application, ground frame [m]; empty for a pure torque.
    torque_columns : tuple of str
        Three labels, free torque, ground frame [N m]; empty where the file has none.
    """

    name: str
    body: str
    force_columns: tuple[str, ...]
    point_columns: tuple[str, ...]
    torque_columns: tuple[str, ...]

    @property
    def pure_torque(self) -> bool:
        """Whether it never has a force, as an actuator's torque on a segment."""
        return not self.force_columns


@dataclass(frozen=True)
class ExternalLoads:
    """The external forces of a trial.

    Attributes
    ----------
    forces : tuple of ExternalForceColumns
        Those that are applied, in the order of the file.
    data_file : Path or None
        Force file that the XML names, relative to the XML's folder; None if it names none.
    path : Path
        The XML itself.
    """

    forces: tuple[ExternalForceColumns, ...]
    data_file: Path | None
    path: Path

    def select(self, storage: Storage) -> F64:
        """Rows of the external forces, see `select_forces`."""
        return select_forces(self.forces, storage, self.path)


def select_forces(forces: Sequence[ExternalForceColumns], storage: Storage, path: Path) -> F64:
    """Force, point and torque of external forces over time.

    Parameters
    ----------
    forces : sequence of ExternalForceColumns
        Whose columns to take.
    storage : Storage
        The force file.
    path : Path
        What names the columns, for the message.

    Returns
    -------
    ndarray of shape (n, k, 9), float64
        Row ``i`` of axis 1 is ``forces[i]``: force [N], centre of pressure [m], free torque
        [N m], all ground frame; zero where a force has no such columns.

    Raises
    ------
    FormatError
        If a column is not in `storage`, with the nearest that are.
    """
    selected = np.zeros((storage.time.size, len(forces), 9))
    place = {name: i for i, name in enumerate(storage.names)}
    for k, force in enumerate(forces):
        parts = (force.force_columns, force.point_columns, force.torque_columns)
        for part, labels in enumerate(parts):
            for axis, label in enumerate(labels):
                if label not in place:
                    problem = f"force {force.name!r} wants column {label!r}, which the force file"
                    hint = nearest(label, storage.names)
                    raise FormatError(path, f"{problem} lacks", f"correct the identifier ({hint})")
                selected[:, k, 3 * part + axis] = storage.data[:, place[label]]
    return selected


def read_external_loads(path: Path) -> ExternalLoads:
    """Read an ExternalLoads XML.

    Parameters
    ----------
    path : Path
        The ``.xml`` file.

    Returns
    -------
    ExternalLoads
        Forces that are switched off in the file are left out.

    Raises
    ------
    FormatError
        If the file is missing, no XML, has no ExternalLoads or no force, or a force without
        body, or with force or point expressed in another frame than ground.
    """
    loads = read_xml(path).find(".//ExternalLoads")
    if loads is None:
        raise FormatError(path, "no ExternalLoads in it", "give the file made for OpenSim's ID")
    elements = loads.findall("./objects/*")
    for element in elements:
        if element.tag != "ExternalForce":
            problem = f"{element.tag} {element.get('name', '')!r} is not supported"
            raise FormatError(path, problem, "describe the load as an ExternalForce")
    forces = tuple(_force(path, element) for element in elements if _is_applied(element))
    if not forces:
        raise FormatError(path, "no external force in it", "add one ExternalForce per foot")
    data_file = _text(loads, "datafile")
    return ExternalLoads(forces, path.parent / data_file if data_file else None, path)


def write_external_loads(path: Path, loads: Sequence[tuple[str, str]], data_file: str) -> None:
    """Write an ExternalLoads XML for forces whose columns are those of numbered plates.

    Parameters
    ----------
    path : Path
        The ``.xml`` file.
    loads : sequence of (str, str)
        Name and body of each force; the first has the columns of plate number 1.
    data_file : str
        Force file, relative to the folder of `path`.
    """
    document = ElementTree.Element("OpenSimDocument", Version="40000")
    root = ElementTree.SubElement(document, "ExternalLoads", name=path.stem)
    objects = ElementTree.SubElement(root, "objects")
    for number, (name, body) in enumerate(loads, start=1):
        sound = re.sub(r"[\\/*+\s]", "_", name)  # OpenSim refuses the others
        force = ElementTree.SubElement(objects, "ExternalForce", name=sound)
        columns = plate_columns(number)
        for tag, text in (
            ("applied_to_body", body),
            ("force_expressed_in_body", "ground"),
            ("point_expressed_in_body", "ground"),
            ("force_identifier", columns[0][:-1]),
            ("point_identifier", columns[3][:-1]),
            ("torque_identifier", columns[6][:-1]),
        ):
            ElementTree.SubElement(force, tag).text = text
    ElementTree.SubElement(root, "datafile").text = data_file
    ElementTree.indent(document)
    content = ElementTree.tostring(document, encoding="unicode", xml_declaration=True)
    write_output(path, content + "\n", "--out")


def plates_by_name(labels: Sequence[str]) -> tuple[ExternalForceColumns, ...]:
    """Force plates among columns whose names say it, where no ExternalLoads describe them.

    Parameters
    ----------
    labels : sequence of str
        Such as ``ground_force_1_vx``, ``ground_force_1_px``, ``ground_torque_1_x`` and so on: what
        `read_c3d` and ``nem2e replay`` name them, and what OpenSim's examples do.

    Returns
    -------
    tuple of ExternalForceColumns
        In the order of the columns; the body is "", since it is not known whose foot is on a plate.
        A plate without the three columns of its force and of its point is left out.
    """
    there, plates = set(labels), []
    for label in labels:
        match = re.fullmatch(r"(.*force.*)_vx", label)
        if match is None:
            continue
        name = match[1]
        force, point = (tuple(f"{name}_{kind}{axis}" for axis in _AXES) for kind in "vp")
        torque = tuple(f"{name.replace('force', 'torque')}_{axis}" for axis in _AXES)
        if there.issuperset(force + point):
            known = torque if there.issuperset(torque) else ()
            plates.append(ExternalForceColumns(name, "", force, point, known))
    return tuple(plates)


def external_forces(
    forces: Sequence[ExternalForceColumns], *, on_feet: bool
) -> "tuple[ExternalForce, ...]":
    """What the bridge is to know of external forces.

    Parameters
    ----------
    forces : sequence of ExternalForceColumns
        Each on the body that it names, or on whichever foot is on a plate where it names none.
    on_feet : bool
        Whether all act on whichever foot instead; not a torque alone, which is no plate's.
    """
    from sim_bridge import ON_FEET, ExternalForce  # here, so that reading files loads no solvers

    return tuple(
        ExternalForce(
            load.name,
            ON_FEET if on_feet and not load.pure_torque else load.body or ON_FEET,
            load.pure_torque,
        )
        for load in forces
    )


def corners_by_force(forces: Sequence[ExternalForceColumns], corners: F64 | None) -> F64 | None:
    """Corners of the plate behind each force.

    Parameters
    ----------
    forces : sequence of ExternalForceColumns
        Whose columns are called by a plate's number: ``ground_force_2_vx``.
    corners : ndarray of shape (n_plate, 4, 3), float64 [m], ground, or None
        Of the plates in order.

    Returns
    -------
    ndarray of shape (len(forces), 4, 3), float64 [m], ground, or None
        NaN for a force that is not so called; None if no corners are known.
    """
    if corners is None:
        return None
    of_plate = {plate_columns(k)[:3]: own for k, own in enumerate(corners, start=1)}
    unknown = np.full((4, 3), np.nan)
    found = [of_plate.get(force.force_columns, unknown) for force in forces]
    return np.array(found).reshape(-1, 4, 3)


def _text(element: ElementTree.Element, tag: str) -> str:
    """Text under `tag`; empty where it is absent or 'Unassigned', OpenSim's word for none."""
    text = (element.findtext(tag) or "").strip()
    return "" if text.lower() in _NOTHING else text


def _is_applied(element: ElementTree.Element) -> bool:
    """Whether the force is on: ``appliesForce`` of OpenSim 4, ``isDisabled`` of OpenSim 3."""
    off = _text(element, "isDisabled").lower() == "true"
    return not off and _text(element, "appliesForce").lower() != "false"


def _force(path: Path, element: ElementTree.Element) -> ExternalForceColumns:
    """One ExternalForce, refused if it cannot be applied as written."""
    name = element.get("name", "")
    body = _text(element, "applied_to_body").rsplit("/", 1)[-1]
    if not body:
        raise FormatError(path, f"force {name!r} has no applied_to_body", "name the foot's body")
    _check_frames(path, element, name)
    force, point, torque = (
        _columns(_text(element, f"{kind}_identifier")) for kind in ("force", "point", "torque")
    )
    if force and not point:
        problem = f"force {name!r} has no point_identifier"
        raise FormatError(path, problem, "name the columns of its centre of pressure")
    if not force and not torque:
        problem = f"force {name!r} has neither force_identifier nor torque_identifier"
        raise FormatError(path, problem, "name its columns or remove it")
    return ExternalForceColumns(name, body, force, point if force else (), torque)


def _check_frames(path: Path, element: ElementTree.Element, name: str) -> None:
    for tag in ("force_expressed_in_body", "point_expressed_in_body"):
        frame = _text(element, tag)
        if frame.rsplit("/", 1)[-1] not in ("", "ground"):
            problem = f"{tag} of force {name!r} is {frame!r}"
            raise FormatError(path, problem, "transform its columns to ground and say so here")


def _columns(identifier: str) -> tuple[str, ...]:
    """Labels of the three components: OpenSim appends x, y and z to the identifier."""
    return tuple(identifier + axis for axis in _AXES) if identifier else ()
