"""What is wrong with each plate, and with all of them together, each told once."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from sim_bridge._jit import F64, I64, Bool, kernel

from .faults import PlateFault

ALL_PLATES = "all"
"""By this name faults are told that no plate has alone."""


class FaultReport:
    """Faults of the plates of the last frame, and which were told.

    Parameters
    ----------
    names : sequence of str
        Of the measured forces.

    Attributes
    ----------
    faults : ndarray of shape (n_given,), int64
        :class:`PlateFault` of each.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = tuple(names)
        self.faults: I64 = np.zeros(len(self._names), dtype=np.int64)
        self._told: set[tuple[str, int | str]] = set()

    def note(self, known: I64, flagged: Bool | F64, fault: PlateFault) -> None:
        """Take each plate's known fault, or this one where it has none and is flagged, not 0."""
        note_faults(known, flagged, int(fault), self.faults)

    def has(self, *faults: PlateFault) -> bool:
        """Whether any plate has one of these."""
        return bool(self.faults.any() and np.isin(self.faults, faults).any())

    def tell(
        self, tell: Callable[[str, str], None], offset: F64, of_all: Mapping[str, str]
    ) -> None:
        """Tell name and message of each fault that was not told yet.

        Parameters
        ----------
        tell : callable
            Gets name and message.
        offset : ndarray of shape (n_given,), float64 [N]
            What each shows without load.
        of_all : mapping of str to str
            What is wrong with all together, by its kind.
        """
        for kind, words in of_all.items():
            if (ALL_PLATES, kind) not in self._told:
                self._told.add((ALL_PLATES, kind))
                tell(ALL_PLATES, words)
        if not self.faults.any():
            return
        for name, fault, own in zip(self._names, self.faults.tolist(), offset, strict=True):
            if fault and (name, fault) not in self._told:
                self._told.add((name, fault))
                tell(name, PlateFault(fault).message.format(offset=own))


@kernel
def note_faults(known: I64, flagged: Bool | F64, code: int, fault_out: I64) -> None:
    """Fault of each plate: the known one, else a code where it is flagged, which is not 0."""
    for i in range(fault_out.shape[0]):
        fault_out[i] = code if known[i] == 0 and flagged[i] != 0 else known[i]
