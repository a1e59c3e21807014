"""`nem2e keys`: make the keys that protect an endpoint which other machines can reach."""

import shutil
from pathlib import Path

from rich.console import Console

from streamer.security import CLIENT, CLIENTS_FOLDER, SERVER, create_keys


def run(directory: Path, clients: list[str]) -> None:
    """Make a publisher's key directory and one directory per client.

    Parameters
    ----------
    directory : Path
        The publisher's; it keeps an existing server key.
    clients : list of str
        Names; each gets ``directory/for-NAME``, to be carried to the client's machine.
    """
    say = Console(highlight=False).print
    if not (directory / f"{SERVER}.key_secret").exists():
        create_keys(directory, SERVER)
        say(f"made {directory / SERVER}.key_secret; name {directory} as `keys` in the config")
    allowed = directory / CLIENTS_FOLDER
    allowed.mkdir(exist_ok=True)
    for name in clients:
        folder = directory / f"for-{name}"
        create_keys(folder, CLIENT)
        shutil.copy(folder / f"{CLIENT}.key", allowed / f"{name}.key")
        shutil.copy(directory / f"{SERVER}.key", folder / f"{SERVER}.key")
        say(f"made {folder}; move it to {name}'s machine: nem2e subscribe ENDPOINT --keys DIR")
