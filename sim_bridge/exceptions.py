"""What can go wrong before the loop starts; inside the loop failure is a status bit."""


class SimBridgeError(Exception):
    """Root of every error that this package raises on purpose."""


class ModelFileError(SimBridgeError):
    """The model file is missing or OpenSim cannot read it."""


class UnsupportedComponent(SimBridgeError):
    """The model uses something that the bridge does not reproduce.

    Parameters
    ----------
    kind : str
        OpenSim class of the component.
    name : str
        Its name in the model.
    remedy : str
        What the user can do.
    """

    def __init__(self, kind: str, name: str, remedy: str) -> None:
        self.kind, self.name = kind, name
        super().__init__(f"{kind} '{name}' is not supported: {remedy}")


class MarkerMismatch(SimBridgeError):
    """The incoming markers and the model's markers do not fit together."""


class UnknownBody(SimBridgeError):
    """An external force acts on a body that the model does not have."""


class SettingsError(SimBridgeError):
    """A setting of the bridge has no meaning."""


class CacheError(SimBridgeError):
    """A compiled model on disk cannot be read."""
