"""The page of messages names every field that there is, and none else."""

import re

import msgspec
import pytest

from streamer.messaging.messages import TOPICS, Message
from tests.docs.pages import text

HEAD = {field.name for field in msgspec.structs.fields(Message)}


def section(title: str) -> str:
    """Text of a section of the page."""
    return text("docs/messages.md").split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def named(rows: str, column: int) -> set[str]:
    """Fields that a column of the tables of a section names."""
    cells = [line.split("|")[column] for line in rows.splitlines() if line.startswith("|")]
    return {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}


def own_fields(topic: str) -> set[str]:
    return {field.name for field in msgspec.structs.fields(TOPICS[topic])} - HEAD


def test_the_head_is_named_field_by_field() -> None:
    assert named(section("In every message"), 1) == HEAD


@pytest.mark.parametrize("topic", ["emg", "health", "meta"])
def test_every_field_of_a_topic_is_named(topic: str) -> None:
    assert named(section(topic), 1) == own_fields(topic)


def test_every_field_of_the_three_topics_of_motion_is_named() -> None:
    fields = own_fields("act") | own_fields("kin") | own_fields("dyn")
    assert named(section("act, kin, dyn"), 2) == fields
    assert named(section("act, kin, dyn"), 1) == {"act", "kin", "dyn"}
