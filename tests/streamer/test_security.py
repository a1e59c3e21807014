import os
import re
import socket
from pathlib import Path

import pytest
import zmq

from streamer.commands import keys as command
from streamer.exceptions import ConfigError, StreamerError, UnsafeEndpoint
from streamer.messaging.messages import Emg
from streamer.messaging.publisher import Publisher
from streamer.messaging.security import as_subscribed, check_reach, is_local
from streamer.messaging.subscriber import Subscriber

pytestmark = pytest.mark.skipif(not zmq.has("curve"), reason="libzmq built without CURVE")


@pytest.mark.parametrize(
    ("endpoint", "local"),
    [
        ("tcp://127.0.0.1:5556", True),
        ("tcp://127.9.9.9:1", True),
        ("tcp://localhost:5556", True),
        ("tcp://[::1]:5556", True),
        ("ipc:///tmp/x", True),
        ("tcp://*:5556", False),
        ("tcp://0.0.0.0:5556", False),
        ("tcp://192.168.0.4:5556", False),
        ("tcp://eth0:5556", False),
        ("tcp://:5556", False),
    ],
)
def test_only_loopback_and_ipc_count_as_local(endpoint: str, local: bool) -> None:
    assert is_local(endpoint) is local


@pytest.mark.parametrize("endpoint", ["tcp://*:5556", "tcp://0.0.0.0:5556", "tcp://192.168.0.4:1"])
def test_what_others_reach_needs_keys(endpoint: str, tmp_path: Path) -> None:
    with pytest.raises(UnsafeEndpoint, match="name a key directory in `keys`"):
        check_reach(endpoint, None)
    check_reach(endpoint, tmp_path)
    check_reach("tcp://127.0.0.1:5556", None)


@pytest.mark.parametrize("keys", [None, Path("keys")])
def test_an_endpoint_without_its_protocol_is_told(keys: Path | None) -> None:
    with pytest.raises(StreamerError, match=r"`tcp://` is missing; write tcp://127\.0\.0"):
        check_reach("127.0.0.1:5556", keys)


def test_a_client_is_told_an_address_that_it_can_use(tmp_path: Path) -> None:
    assert as_subscribed("tcp://127.0.0.1:5556", None) == "tcp://127.0.0.1:5556"
    assert as_subscribed("tcp://lab:5556", tmp_path) == "tcp://lab:5556 --keys FOLDER"
    told = as_subscribed("tcp://0.0.0.0:5556", tmp_path)
    assert told == f"tcp://{socket.gethostname()}:5556 --keys FOLDER"
    assert as_subscribed("ipc:///tmp/n.sock", tmp_path) == "ipc:///tmp/n.sock --keys FOLDER"


def test_publishing_to_other_machines_without_keys_is_refused() -> None:
    with pytest.raises(UnsafeEndpoint, match="nem2e keys"):
        Publisher("tcp://*:*")


def test_keys_without_any_allowed_client_are_refused(tmp_path: Path) -> None:
    command.run(tmp_path, [])
    with pytest.raises(UnsafeEndpoint, match="nobody could subscribe"):
        Publisher("tcp://127.0.0.1:*", keys=tmp_path)


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnsafeEndpoint, match=r"server\.key_secret .*`nem2e keys DIR` makes a set"):
        Publisher("tcp://127.0.0.1:*", keys=tmp_path)
    with pytest.raises(UnsafeEndpoint, match=r"client\.key_secret .*`nem2e keys DIR` makes a set"):
        Subscriber("tcp://127.0.0.1:5556", keys=tmp_path)


def opened(folder: Path, file: str) -> Publisher | Subscriber:
    """Who reads this file of a set."""
    if file.startswith("for-lab"):
        return Subscriber("tcp://127.0.0.1:5556", keys=folder / "for-lab")
    return Publisher("tcp://127.0.0.1:*", keys=folder)


@pytest.mark.parametrize("file", ["server.key_secret", "for-lab/client.key_secret"])
def test_a_public_key_in_place_of_a_secret_one_is_named(file: str, tmp_path: Path) -> None:
    command.run(tmp_path, ["lab"])
    path = tmp_path / file
    path.write_bytes(path.with_suffix(".key").read_bytes())
    with pytest.raises(UnsafeEndpoint, match=f"{file} holds no secret key; `nem2e keys DIR` makes"):
        opened(tmp_path, file)


@pytest.mark.parametrize(
    "file",
    ["server.key_secret", "clients/lab.key", "for-lab/client.key_secret", "for-lab/server.key"],
)
@pytest.mark.parametrize(
    ("whole", "damaged"), [(r'"(.{39})."', r'"\1"'), (r'"(.{39})."', r'"\1~"')]
)
def test_a_damaged_key_is_named(file: str, whole: str, damaged: str, tmp_path: Path) -> None:
    command.run(tmp_path, ["lab"])
    path = tmp_path / file
    path.write_text(re.sub(whole, damaged, path.read_text()))
    with pytest.raises(UnsafeEndpoint, match=f"{file} holds no whole key; copy it again"):
        opened(tmp_path, file)


def test_a_client_whose_key_cannot_be_read_does_not_keep_the_others_out_unsaid(
    tmp_path: Path,
) -> None:
    command.run(tmp_path, ["lab", "new"])
    (tmp_path / "clients" / "new.key").write_text("")
    with pytest.raises(UnsafeEndpoint, match=r"cannot read the key .*clients.new\.key"):
        opened(tmp_path, "clients/new.key")


def test_a_client_that_lacks_the_servers_key_is_not_sent_to_the_sessions_folder(
    tmp_path: Path,
) -> None:
    command.run(tmp_path, ["lab"])
    (tmp_path / "for-lab" / "server.key").unlink()
    with pytest.raises(UnsafeEndpoint, match=r"server\.key .*`nem2e keys DIR` makes a set"):
        opened(tmp_path, "for-lab/server.key")


def test_folders_of_session_and_client_are_told_apart(tmp_path: Path) -> None:
    command.run(tmp_path, ["lab"])
    with pytest.raises(UnsafeEndpoint, match="this is the session's folder; give the client's"):
        Subscriber("tcp://127.0.0.1:5556", (), keys=tmp_path)
    with pytest.raises(UnsafeEndpoint, match="this is a client's folder; give the session's"):
        Publisher("tcp://127.0.0.1:*", keys=tmp_path / "for-lab")


def test_secret_keys_are_readable_by_their_owner_alone_from_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create, modes = zmq.auth.create_certificates, []

    def watched(*arguments: object) -> tuple[str, str]:
        made = create(*arguments)
        modes.append([Path(file).stat().st_mode & 0o077 for file in made])
        return made

    monkeypatch.setattr(zmq.auth, "create_certificates", watched)
    before = os.umask(0o022)
    try:
        command.run(tmp_path, ["lab"])
    finally:
        os.umask(before)
    assert modes == [[0, 0], [0, 0]]
    assert all(s.stat().st_mode & 0o077 == 0 for s in tmp_path.rglob("*.key_secret"))
    assert all(s.stat().st_mode & 0o077 == 0o044 for s in tmp_path.rglob("*.key"))


def test_a_folder_with_brackets_is_named_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "k[lab]" / "b[red]"
    command.run(folder, ["[x]"])
    assert f"made {folder}/server.key_secret" in capsys.readouterr().out


@pytest.mark.parametrize("handed_over", [False, True])
def test_a_clients_keys_are_never_replaced(tmp_path: Path, handed_over: bool) -> None:
    command.run(tmp_path, ["lab"])
    if handed_over:
        (tmp_path / "for-lab").rename(tmp_path / "elsewhere")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.key*")}
    with pytest.raises(ConfigError, match=r"client 'lab' already has keys .*lab.*give another"):
        command.run(tmp_path, ["new", "lab"])
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.key*")} == before
    command.run(tmp_path, ["new"])
    assert (tmp_path / "clients" / "new.key").is_file()
    assert before.items() <= {path: path.read_bytes() for path in tmp_path.rglob("*.key*")}.items()


@pytest.mark.parametrize("name", ["", "a/b", "../b"])
def test_a_client_is_named_as_a_file_can_be(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="--client is"):
        command.run(tmp_path / "keys", [name])
    assert list(tmp_path.iterdir()) == []


def test_a_place_for_keys_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "keys").touch()
    with pytest.raises(ConfigError, match=r"DIRECTORY .* cannot be written"):
        command.run(tmp_path / "keys", ["lab"])


def gets_messages(publisher: Publisher, keys: Path | None) -> bool:
    """Whether a client gets one of many messages within some seconds."""
    with Subscriber(publisher.endpoint, keys=keys) as subscriber:
        for _ in range(10):
            publisher.send(Emg())
            if subscriber.receive(0.1) is not None:
                return True
    return False


def test_clients_are_read_at_the_start_and_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command.run(tmp_path, ["lab"])
    assert "reads its clients once, at its start" in " ".join(capsys.readouterr().out.split())
    publisher = Publisher("tcp://127.0.0.1:*", keys=tmp_path)
    try:
        command.run(tmp_path, ["new"])
        (tmp_path / "clients" / "lab.key").unlink()
        assert gets_messages(publisher, tmp_path / "for-lab")
        assert not gets_messages(publisher, tmp_path / "for-new")
    finally:
        publisher.close()


def test_allowed_clients_are_served_and_others_are_not(tmp_path: Path) -> None:
    server, stranger = tmp_path / "server", tmp_path / "elsewhere"
    command.run(server, ["lab"])
    command.run(stranger, ["lab"])
    # the stranger knows the server's public key, but the server does not know the stranger
    own = server / "for-lab" / "server.key"
    (stranger / "for-lab" / "server.key").write_bytes(own.read_bytes())
    publisher = Publisher("tcp://127.0.0.1:*", keys=server)
    try:
        assert gets_messages(publisher, server / "for-lab")
        assert not gets_messages(publisher, stranger / "for-lab")
        assert not gets_messages(publisher, None)
    finally:
        publisher.close()
