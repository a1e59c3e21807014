"""Policy for all tests: one thread per numerical library, quiet OpenSim, no stray LSL."""

import os

# Two cores are often all there is: a test must not fight its own threads.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")
# 1 Hz "stream found" notices of liblsl would drown what a failing test says.
os.environ.setdefault("LSL_LOGLEVEL", "-2")
