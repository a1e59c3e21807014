"""`nem2e keys`: make the keys that protect an endpoint which other machines can reach."""

import shutil
from pathlib import Path

from streamer.console.outputs import check_output
from streamer.console.terminal import plain_console
from streamer.exceptions import ConfigError
from streamer.messaging.security import CLIENT, CLIENTS_FOLDER, SERVER, create_keys


def run(directory: Path, clients: list[str]) -> None:
    """Make a publisher's key directory and one directory per client.

    Parameters
    ----------
    directory : Path
        The publisher's; it keeps an existing server key.
    clients : list of str
        Names; each gets ``directory/for-NAME``, to be carried to the client's machine.

    Raises
    ------
    ConfigError
        If a client has its keys already or a name cannot be one; no key is made then.
    """
    check_output(directory, "DIRECTORY", folder=True)
    for name in clients:
        _check_new(directory, name)
    say = plain_console().print
    if not (directory / f"{SERVER}.key_secret").exists():
        create_keys(directory, SERVER)
        say(f"made {directory / SERVER}.key_secret; name {directory} as `keys` in the config")
    (directory / CLIENTS_FOLDER).mkdir(exist_ok=True)
    for name in dict.fromkeys(clients):
        folder = _folder(directory, name)
        create_keys(folder, CLIENT)
        shutil.copy(folder / f"{CLIENT}.key", _public(directory, name))
        shutil.copy(directory / f"{SERVER}.key", folder / f"{SERVER}.key")
        say(f"made {folder}; move it to {name}'s machine: nem2e subscribe ENDPOINT --keys DIR")
    if clients:
        say("a running session does not know them yet: it reads its clients once, at its start")


def _check_new(directory: Path, name: str) -> None:
    """Refuse a client that has a key: another one would lock out the copy that was handed over."""
    if not name or Path(name).name != name:
        raise ConfigError(f"--client is {name!r}; give a name that works as a file name")
    there = [path for path in (_public(directory, name), _folder(directory, name)) if path.exists()]
    if there:
        raise ConfigError(
            f"client {name!r} already has keys ({' and '.join(map(str, there))}); give another "
            "name, or delete these for a new key: the old one is then locked out from the next "
            "start of the session"
        )


def _public(directory: Path, name: str) -> Path:
    """Return where the publisher looks for a client's public key."""
    return directory / CLIENTS_FOLDER / f"{name}.key"


def _folder(directory: Path, name: str) -> Path:
    """Return where a client's own keys are put."""
    return directory / f"for-{name}"
