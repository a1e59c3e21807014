"""The bridge beside OpenSim 4.6: same frames, same run; see README.md."""
