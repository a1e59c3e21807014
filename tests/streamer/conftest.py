"""What tests of streams share."""

import uuid

import pytest


@pytest.fixture
def source_id() -> str:
    """Of a stream that nobody else sends."""
    return uuid.uuid4().hex
