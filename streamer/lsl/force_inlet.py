"""Forces in over LSL: kept in a bounded memory, interpolated to a frame's time."""

import logging
from collections.abc import Sequence

import numpy as np
import pylsl

from streamer.arrays import F64, Bool
from streamer.channels import force_layout, read_channels
from streamer.clock import LslClock
from streamer.config.streams import ForceStream
from streamer.exceptions import StreamLayoutError
from streamer.formats import (
    ExternalForceColumns,
    corners_by_force,
    described_plates,
    open_transducers,
    plates_by_name,
)
from streamer.frames.force_ring import ForceRing
from streamer.frames.forces import FORCE_TRUST_S
from streamer.frames.times import AHEAD_S
from streamer.lsl.inlet import CHUNK, Inlet

_log = logging.getLogger(__name__)

CLOCK_DISAGREEMENT_S = 5e-4
"""The clock offsets that LSL estimates for two streams of one machine may differ by this [s]."""
FIRST_S = 1.0
"""So long after the start of a session [s] a stream's first sample may still be under way."""
FORCE_TOLERANCE_S = 2e-3
"""A force sample this much [s] before a frame may stand for it, if forces come so slowly."""


def _nine_labels(force: ExternalForceColumns) -> list[str]:
    """Labels of force, point and torque; "" for those that the force does not have."""
    parts = (force.force_columns, force.point_columns, force.torque_columns)
    return [label for part in parts for label in (part or ("", "", ""))]


class ForceInlet(Inlet):
    """Force samples, kept in a ring and interpolated to a frame's time.

    Parameters
    ----------
    info : pylsl.StreamInfo
        From `find`.
    settings : ForceStream
        Unit of the points, axes and known lag, as for markers; the plates of a stream of what they
        measure themselves.
    loads : sequence of ExternalForceColumns or None
        The external forces, in the order of the rows; their columns are the channel labels. None
        for all plates that the labels name.

    Attributes
    ----------
    forces : ndarray of shape (k, 9), float64
        Force [N], centre of pressure [m], free torque [N m] in ground at the instant last asked
        for; overwritten by the next `align`.
    loads : tuple of ExternalForceColumns
        Their rows.
    corners : ndarray of shape (k, 4, 3), float64 [m], ground, or None
        Of the plates where `settings` tell, NaN of other forces.

    Raises
    ------
    StreamLayoutError
        If a channel is missing or stands twice, or no plate is found.
    """

    def __init__(
        self,
        info: pylsl.StreamInfo,
        settings: ForceStream,
        loads: Sequence[ExternalForceColumns] | None,
    ) -> None:
        super().__init__(info, settings)
        self._clock = LslClock()
        channels, unit, up = read_channels(self._xml), settings.unit, settings.up
        self._transducers = open_transducers(settings, channels)
        if self._transducers is not None:
            channels, unit, up = self._transducers.described, "m", "y"
        if loads is None:
            loads = plates_by_name([channel.label for channel in channels])
        self.loads = tuple(loads)
        if not self.loads:
            raise StreamLayoutError(
                f"stream {self.name!r} has no channels like ground_force_1_vx and "
                "ground_force_1_px; name its columns in an ExternalLoads file (`loads`), or "
                "say where plates that send Fx to Mz are (`forces: transducers`)"
            )
        self.corners = corners_by_force(self.loads, self._corners(settings))
        wanted = [_nine_labels(force) for force in self.loads]
        layout = force_layout(channels, wanted, length_unit=unit, up=up)
        self._columns, self._scale, self._absent = layout.columns, layout.scale, layout.absent
        self._shape = (-1, len(wanted), 9)
        period_s = 1.0 / self.nominal_rate_hz if self.nominal_rate_hz else 0.0
        tolerance_s = min(max(period_s, CLOCK_DISAGREEMENT_S), FORCE_TOLERANCE_S)
        self._ring = ForceRing(len(wanted), tolerance_s=tolerance_s)
        self.forces = np.zeros((len(wanted), 9))
        self._told_ahead = False

    def _corners(self, settings: ForceStream) -> F64 | None:
        """Corners of the configured plates; also where a replay has made forces of them already."""
        if self._transducers is not None:
            return self._transducers.corners
        if settings.transducers is None:
            return None
        return np.array([plate.corners for plate, _ in described_plates(settings)])

    @property
    def newest_s(self) -> float:
        """Time of the newest sample [s], LSL local clock; minus infinity if there is none."""
        return self._ring.newest_s

    def align(self, t: float, until: float) -> bool:
        """Bring `forces` to an instant, waiting for samples that are under way.

        Parameters
        ----------
        t : float
            Instant [s], LSL local clock.
        until : float
            Do not wait beyond this time [s], same clock; for plates that are silent not at all.

        Returns
        -------
        bool
            True if the forces were measured around that instant, False if they are held.
        """
        self._drain(0.0)
        silent = t > max(self.newest_s + FORCE_TRUST_S, self._since_s + FIRST_S)
        while not (silent or self._ring.covers(t)):
            remaining = until - self._clock.now()
            if remaining <= 0.0 or not self._drain(remaining):
                break
        return self._ring.at(t, self.forces)

    def look(self) -> None:
        """Take what has come while there are no frames: the stream may have ended, too."""
        self._drain(0.0)

    def _drain(self, timeout_s: float) -> bool:
        """Move what has arrived into the ring; waits only if nothing has."""
        received = False
        while len(stamps := self._pull(0.0 if received else timeout_s)):
            received = True
            samples = self._buffer[: len(stamps)]
            if self._transducers is not None:
                samples = self._transducers.wrenches(samples)
            rows = samples[:, self._columns] * self._scale
            # what is broken is not known, which is not the same as no force
            rows[~np.isfinite(rows)] = np.nan
            rows[:, self._absent] = 0.0
            times = stamps - self._lag_s
            known = self._of_their_time(times)
            self._ring.extend(times[known], rows.reshape(self._shape)[known])
            if len(stamps) < CHUNK:
                break
        return received

    def _of_their_time(self, times: F64) -> Bool:
        """Tell which samples were not taken after they came; log once if some were."""
        ahead = times - self._clock.now()
        known: Bool = ahead <= AHEAD_S
        if not self._told_ahead and not known.all():
            self._told_ahead = True
            _log.warning(
                "force stream %r: time stamps are %.1f s ahead of this machine's clock: its "
                "samples are not used; correct the sender's time stamps",
                self.name,
                float(ahead.max()),
            )
        return known
