"""Where a session is found; apart, because the command line starts with it and nothing else."""

DEFAULT_ENDPOINT = "tcp://127.0.0.1:5556"
"""Where estimates are published unless the configuration says otherwise."""

_ALL_ADDRESSES = ("tcp://*", "tcp://0.0.0.0", "tcp://[::]")
"""What a session binds that serves every address of its machine, without the port."""


def as_reached(bound: str, host: str) -> str:
    """Where a client finds what is bound to an endpoint.

    Parameters
    ----------
    bound : str
        As a configuration says it.
    host : str
        What the client calls the machine, if it serves all of its addresses.

    Returns
    -------
    str
    """
    place, _, port = bound.rpartition(":")
    return f"tcp://{host}:{port}" if place in _ALL_ADDRESSES else bound
