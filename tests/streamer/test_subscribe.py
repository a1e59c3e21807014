"""What `nem2e subscribe` makes of messages."""

import json

import pytest

from streamer.commands import subscribe
from streamer.messages import Message, Meta


class Heard:
    """A subscriber that hears one message over and over."""

    def __init__(self, message: Message) -> None:
        self._message = message

    def __enter__(self) -> "Heard":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def receive(self, timeout_s: float) -> tuple[str, Message]:  # noqa: ARG002
        return "meta", self._message


def printed(
    message: Message,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    as_json: bool,
) -> str:
    monkeypatch.setattr(subscribe, "Subscriber", lambda *_, **__: Heard(message))
    subscribe.run("ipc://here", ["meta"], as_json=as_json, count=1)
    return capsys.readouterr().out


@pytest.mark.parametrize(("subject", "shown"), [("me", "subject=me"), ("", "subject=(none)")])
def test_meta_says_whom_the_estimate_is_calibrated_to(
    subject: str,
    shown: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    meta = Meta(subject=subject, model_name="walker")
    text = printed(meta, monkeypatch, capsys, as_json=False)
    assert {shown, "model_name=walker"} <= set(text.split())
    assert json.loads(printed(meta, monkeypatch, capsys, as_json=True))["subject"] == subject
