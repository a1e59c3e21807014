"""Where a session is found; apart, because the command line starts with it and nothing else."""

DEFAULT_ENDPOINT = "tcp://127.0.0.1:5556"
"""Where estimates are published unless the configuration says otherwise."""

ALL_ADDRESSES = ("tcp://*", "tcp://0.0.0.0", "tcp://[::]")
"""What a session binds that serves every address of its machine, without the port."""


def on_this_machine(bound: str) -> str:
    """Where a client on the same machine finds what is bound to an endpoint.

    Parameters
    ----------
    bound : str
        As a configuration says it.

    Returns
    -------
    str
    """
    place, _, port = bound.rpartition(":")
    return f"tcp://127.0.0.1:{port}" if place in ALL_ADDRESSES else bound
