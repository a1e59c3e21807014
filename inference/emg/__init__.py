"""Measured EMG: recordings, their envelopes, their unit and their time."""
