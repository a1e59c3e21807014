"""From a bridge's output to the network's input rows, one row per limb.

The same object serves a live session and the making of training data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from inference.arrays import F32, F64
from inference.channels import (
    CHANNELS,
    COORDINATES,
    N_CHANNEL,
    N_INPUT,
    SIDES,
    SLICE_ACTIVATION,
    SLICE_ANGLE,
    SLICE_MOMENT,
    SLICE_VELOCITY,
    legs,
    with_sides,
)
from inference.exceptions import CoordinateError, InferenceError
from inference.inputs.muscle_map import knee_sign_by_name, resolve_muscle_map

__all__ = ["LimbInputs"]

_KNEE = COORDINATES.index("knee_angle")


class LimbInputs:
    """Merge and gather one frame of a model into the canonical inputs of both limbs.

    A channel's simulated activation is the mean over its muscles. What the model lacks is marked as
    absent and stays zero; the network is told.

    Parameters
    ----------
    muscle_names, coordinate_names : sequence of str
        Of the model, in the order of the arrays that `fill` gets.
    mass_kg : float
        Body mass [kg]; moments are divided by it.
    muscle_map : mapping, optional
        See `inference.inputs.muscle_map.resolve_muscle_map`.
    knee_flexion : {1, -1}, optional
        Sign of ``knee_angle`` in flexion, as the model's geometry tells. By default that of the
        family that the muscles' names resemble most; of none, the knee's inputs are absent.

    Attributes
    ----------
    muscle_map : dict of str to tuple of str
        As resolved.
    present : ndarray of shape (2, N_INPUT), float32
        1 where the model provides the input, else 0. Read-only.
    channel_present : ndarray of shape (2, N_CHANNEL), bool
        Channels that have a source muscle. Read-only.
    absent_coordinates : tuple of str
        Of legs with muscles: what the model lacks, or the knee where its sign is not known.

    Raises
    ------
    MuscleMapError
        See `inference.inputs.muscle_map.resolve_muscle_map`.
    CoordinateError
        If the model has muscles of a leg and none of its coordinates.
    InferenceError
        If the mass is not a positive number.
    """

    def __init__(
        self,
        muscle_names: Sequence[str],
        coordinate_names: Sequence[str],
        mass_kg: float,
        muscle_map: Mapping[str, Sequence[str]] | None = None,
        knee_flexion: float | None = None,
    ) -> None:
        if not (np.isfinite(mass_kg) and mass_kg > 0):
            raise InferenceError(f"body mass must be a positive number of kg, got {mass_kg!r}")
        self.muscle_map = resolve_muscle_map(muscle_names, muscle_map)
        self._merge = self._merge_matrix(list(muscle_names))
        knee = knee_sign_by_name(muscle_names) if knee_flexion is None else float(knee_flexion)
        self._column, self._sign = self._coordinate_columns(list(coordinate_names), knee)
        self._moment_scale = self._sign / mass_kg
        self.present = self._presence()
        self.channel_present = self.present[:, SLICE_ACTIVATION] > 0
        self.channel_present.setflags(write=False)
        self.absent_coordinates = self._absent(coordinate_names)
        self._activation = np.zeros((len(SIDES) * N_CHANNEL,))
        self._gather = np.zeros((len(SIDES), len(COORDINATES)))

    def _merge_matrix(self, muscle_names: list[str]) -> F64:
        merge = np.zeros((len(SIDES) * N_CHANNEL, len(muscle_names)))
        for row, key in enumerate(with_sides(CHANNELS)):
            for name in self.muscle_map.get(key, ()):
                merge[row, muscle_names.index(name)] += 1.0 / len(self.muscle_map[key])
        return merge

    @staticmethod
    def _coordinate_columns(names: list[str], knee: float) -> tuple[npt.NDArray[np.intp], F64]:
        column = np.zeros((len(SIDES), len(COORDINATES)), dtype=np.intp)
        sign = np.zeros((len(SIDES), len(COORDINATES)))  # 0 = absent
        for i, side in enumerate(SIDES):
            for j, stem in enumerate(COORDINATES):
                if f"{stem}_{side}" in names:
                    column[i, j] = names.index(f"{stem}_{side}")
                    sign[i, j] = knee if j == _KNEE else 1.0
        return column, sign

    def _absent(self, coordinate_names: Sequence[str]) -> tuple[str, ...]:
        absent: list[str] = []
        for i, side in enumerate(SIDES):
            own = [f"{stem}_{side}" for stem in COORDINATES]
            lacking = [name for name, sign in zip(own, self._sign[i], strict=True) if not sign]
            if not self.channel_present[i].any():
                continue
            if not set(own).intersection(coordinate_names):
                raise CoordinateError(
                    f"the model has muscles of leg {side}, but none of the coordinates by which "
                    f"the network knows its motion; give them these names: {', '.join(own)}"
                )
            absent += lacking
        return tuple(absent)

    def _presence(self) -> F32:
        present = np.zeros((len(SIDES), N_INPUT), dtype=np.float32)
        present[:, SLICE_ACTIVATION] = (self._merge.sum(1) > 0).reshape(len(SIDES), N_CHANNEL)
        for part in (SLICE_ANGLE, SLICE_VELOCITY, SLICE_MOMENT):
            present[:, part] = self._sign != 0
        _show_other(present)
        present.setflags(write=False)
        return present

    def fill(self, activation: F64, q: F64, qd: F64, tau: F64, out: F32) -> None:
        """Write one frame.

        Parameters
        ----------
        activation : ndarray of shape (n_muscle,), float64
        q, qd, tau : ndarray of shape (n_coordinate,), float64 [rad, rad/s, N m]
            Model order and the model's own signs.
        out : ndarray of shape (2, N_INPUT), float32
            Written in place, right limb first; moments in [N m/kg], knee positive in flexion.
        """
        np.dot(self._merge, activation, out=self._activation)
        out[:, SLICE_ACTIVATION] = self._activation.reshape(len(SIDES), N_CHANNEL)
        for source, part, scale in (
            (q, SLICE_ANGLE, self._sign),
            (qd, SLICE_VELOCITY, self._sign),
            (tau, SLICE_MOMENT, self._moment_scale),
        ):
            np.take(source, self._column, out=self._gather, mode="clip")
            np.multiply(self._gather, scale, out=self._gather)
            out[:, part] = self._gather
        _show_other(out)


def _show_other(rows: F32) -> None:
    """Copy into each leg's row (2, N_INPUT) what stands in the other leg's."""
    own, other = legs(rows)
    other[...] = own[::-1]
