import re
from dataclasses import fields
from typing import get_type_hints

import numpy as np
import pytest

from streamer.cli import replay
from streamer.exceptions import ConfigError
from streamer.lsl.faults import _KINDS, _PROBABILITIES, SILENCE_EVERY_S, Faults, parse_faults
from tests.docs.pages import text

TIMES = np.arange(4000) / 100.0


def test_without_faults_nothing_changes() -> None:
    faults, positions = Faults(), np.ones((4, 3))
    assert all(faults.sends_frame(t) for t in TIMES)
    assert faults.spoil(1.0, positions) is positions
    assert faults.stamp(3.5) == 3.5


def test_drop_loses_the_share_asked_for_and_the_same_frames_every_time() -> None:
    one, two = ([f.sends_frame(t) for t in TIMES] for f in (Faults(drop=0.1), Faults(drop=0.1)))
    assert one == two
    # 4000 frames: standard deviation 0.5 %
    assert np.mean(one) == pytest.approx(0.9, abs=0.02)


def test_silence_comes_again_and_again_and_lasts_as_long_as_asked() -> None:
    sent = np.array([Faults(silence=0.5).sends_frame(t) for t in TIMES])
    assert sent[: int(100 * SILENCE_EVERY_S)].all()
    assert (~sent).sum() == 7 * 50  # at 5, 10, ..., 35 s


def test_forces_are_muted_without_the_markers() -> None:
    faults = Faults(mute=0.5)
    sent = np.array([faults.sends_forces(t) for t in TIMES])
    assert (~sent).sum() == 7 * 50  # at 5, 10, ..., 35 s
    assert all(faults.sends_frame(t) for t in TIMES)


def test_an_occluded_marker_stays_away_for_a_while_and_comes_back() -> None:
    faults = Faults(occlude=0.01)
    seen = np.array([np.isfinite(faults.spoil(t, np.ones((5, 3)))).all(axis=1) for t in TIMES])
    lengths = [
        len(run)
        for marker in seen.T
        for run in np.split(marker, np.flatnonzero(np.diff(marker)) + 1)[1:-1]
        if not run[0]
    ]
    assert min(lengths) in (20, 21)  # 0.2 s at 100 Hz
    assert 0.6 < seen.mean() < 0.95


def test_two_markers_are_exchanged_for_as_long_as_asked_another_pair_each_time() -> None:
    faults, positions = Faults(exchange=0.5), np.arange(30.0).reshape(10, 3)
    moved = [np.flatnonzero((faults.spoil(t, positions) != positions).any(axis=1)) for t in TIMES]
    spoilt = np.array([len(m) for m in moved])
    assert (spoilt == 2).sum() == 7 * 50  # at 5, 10, ..., 35 s
    assert (spoilt > 0).sum() == 7 * 50
    assert 3 < len({tuple(m) for m in moved if len(m)}) <= 7  # one as long as it lasts
    np.testing.assert_array_equal(np.sort(faults.spoil(5.1, positions), axis=0), positions)


def test_a_frame_that_comes_again_is_the_one_before_to_the_bit() -> None:
    faults, frames = Faults(again=0.1), np.random.default_rng(2).normal(size=(len(TIMES), 4, 3))
    sent = np.array([faults.spoil(t, frame) for t, frame in zip(TIMES, frames, strict=True)])
    again = (sent[1:] == sent[:-1]).all(axis=(1, 2))
    # 4000 frames: standard deviation 0.5 %
    assert again.mean() == pytest.approx(0.1, abs=0.02)
    np.testing.assert_array_equal(sent[1:][~again], frames[1:][~again])
    first = frames[0]  # before which there is none
    assert Faults(again=1.0).spoil(0.0, first) is first


def test_jitter_only_delays() -> None:
    faults = Faults(jitter=0.002)
    stamps = np.array([faults.stamp(5.0) for _ in range(2000)])
    assert (stamps >= 5.0).all()
    # mean of |N(0, s)| is s sqrt(2 / pi); 2000 samples: 3 % or so
    assert (stamps - 5.0).mean() == pytest.approx(0.002 * np.sqrt(2 / np.pi), rel=0.1)


def test_texts_are_read() -> None:
    faults = parse_faults(["drop:0.01", "late:0.005"])
    assert (faults.drop, faults.late, faults.silence) == (0.01, 0.005, 0.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("dorp:0.1", r"unknown fault 'dorp' \(nearest: drop\); known: drop"),
        ("drop", "has no amount"),
        ("drop:often", "has no amount"),
        ("drop:2", "out of range; give 0 to 1"),
        ("silence:-1", "out of range"),
        ("again:2", "out of range; give 0 to 1"),
        ("late:nan", "out of range"),
    ],
)
def test_what_cannot_be_is_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_faults([text])


def test_help_and_page_name_every_fault_that_there_is() -> None:
    forms = {f"{kind}:{'P' if kind in _PROBABILITIES else 'S'}" for kind in _KINDS}
    (option,) = get_type_hints(replay, include_extras=True)["fault"].__metadata__
    page = text("docs/recording.md").partition("## Replay")[2].partition("##")[0]
    assert set(_KINDS) == {field.name for field in fields(Faults) if field.init}
    assert set(re.findall(r"\w+:[A-Z]", option.help)) == forms
    assert set(re.findall(r"`(\w+:[A-Z])`", page)) == forms
