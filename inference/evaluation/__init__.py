"""Evaluation: methods side by side on people they have not seen, stride by stride.

Frames that count are those of complete strides with measured EMG, for every method the same ones.
`compare`, `ablate` and `methods.network` train and need torch; the rest does not.
"""
