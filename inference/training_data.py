"""What networks learn from: exchanged channels put right, the lag of each data set removed."""

from __future__ import annotations

from collections.abc import Sequence

from inference.dataset import LimbSequence, build_sequences
from inference.exchange import put_right
from inference.fit_settings import FitSettings
from inference.lag import estimate_lags
from inference.record import FeatureRecord

__all__ = ["training_sequences", "unseen_sequences"]


def training_sequences(
    records: Sequence[FeatureRecord], settings: FitSettings
) -> tuple[list[LimbSequence], dict[str, float]]:
    """Build the sequences of the people to train on.

    Parameters
    ----------
    records : sequence of FeatureRecord
        Of all of them, variants included; lags are estimated on the trials as recorded.
    settings : FitSettings

    Returns
    -------
    sequences : list of LimbSequence
    lags : dict of str to float
        By data set, what was removed [s].

    Raises
    ------
    InferenceError
        If records do not serve.
    """
    records = put_right(records, settings.exchanged)
    plain = [record for record in records if not record.variant]
    lags = estimate_lags(build_sequences(plain, settings.rate_hz), settings.rate_hz)
    return build_sequences(records, settings.rate_hz, lags, settings.lead_s), lags


def unseen_sequences(records: Sequence[FeatureRecord], settings: FitSettings) -> list[LimbSequence]:
    """Build the sequences of people to be scored alone; no lag is removed. None of none.

    Raises
    ------
    InferenceError
        If records do not serve.
    """
    right = put_right(records, settings.exchanged)
    return build_sequences(right, settings.rate_hz, lead_s=settings.lead_s) if right else []
