"""liblsl's own settings, where the user has made none."""

import os
from pathlib import Path

import pylsl

PLACES = (Path("lsl_api.cfg"), Path("~/lsl_api/lsl_api.cfg"), Path("/etc/lsl_api/lsl_api.cfg"))


def quiet_liblsl() -> None:
    """Silence liblsl's informational messages; to be called before any other LSL function.

    A configuration file of the user, where liblsl looks for one, is left alone.
    """
    if "LSLAPICFG" in os.environ or any(place.expanduser().exists() for place in PLACES):
        return
    pylsl.set_config_content("[log]\nlevel = -1\n")
