"""When the network is believed: after a start, short and long pauses, a clock set back."""

import numpy as np

from inference.live.settling import BRIDGED_S, SHORTEST_MEMORY_S, UNHARMED_S, USUAL_S, Settling

MEMORY_S = 1.2
PERIOD_S = 0.01


def settled(
    times: np.ndarray, seen: np.ndarray | None = None, *, usual: bool = False
) -> np.ndarray:
    """Whether each frame is believed."""
    settling, found = Settling(MEMORY_S), []
    for k, t in enumerate(times):
        settling.step(float(t), seen is None or bool(seen[k]), usual)
        found.append(settling.settled)
    return np.array(found)


def even(n: int) -> np.ndarray:
    return 100.0 + PERIOD_S * np.arange(n)


def test_a_stream_is_believed_after_the_networks_memory() -> None:
    times = even(300)
    np.testing.assert_array_equal(settled(times), times >= 100.0 + MEMORY_S)


def test_usual_motion_is_believed_sooner() -> None:
    kept = np.r_[0:200, 230:400]
    times = even(400)[kept]
    found = settled(times, usual=True)
    np.testing.assert_array_equal(found[:200], times[:200] >= 100.0 + USUAL_S)
    np.testing.assert_array_equal(found[200:], times[200:] >= times[200] + USUAL_S)


def test_motion_that_turns_out_to_be_unusual_is_not_believed_until_the_memory_is_full() -> None:
    settling, found = Settling(MEMORY_S), []
    for t in even(200):
        settling.step(float(t), True, t < 100.8)
        found.append(settling.settled)
    times = even(200)
    early = (times >= 100.0 + USUAL_S) & (times < 100.8)
    np.testing.assert_array_equal(found, early | (times >= 100.0 + MEMORY_S))


def test_a_network_without_size_has_a_memory_all_the_same() -> None:
    settling = Settling(0.0)
    for t in even(60):
        settling.step(float(t), True, True)
        assert settling.settled == (t >= 100.0 + SHORTEST_MEMORY_S)


def test_a_pause_of_a_few_frames_changes_nothing() -> None:
    kept = np.r_[0:200, 200 + round(UNHARMED_S / PERIOD_S) - 1 : 300]
    assert settled(even(300)[kept])[200:].all()


def test_after_a_longer_pause_it_settles_for_a_while() -> None:
    kept = np.r_[0:200, 210:300]
    times = even(300)[kept]
    np.testing.assert_array_equal(settled(times)[200:], times[200:] >= times[200] + BRIDGED_S)


def test_frames_that_tell_nothing_are_a_pause() -> None:
    times, seen = even(300), np.ones(300, bool)
    seen[200:210] = False
    believed = settled(times, seen)
    # a guess over a few frames does no harm, as a pause of that length
    np.testing.assert_array_equal(believed[200:210], times[200:210] - times[199] <= UNHARMED_S)
    np.testing.assert_array_equal(believed[210:], times[210:] >= times[210] + BRIDGED_S)


def test_who_was_never_seen_is_not_believed() -> None:
    assert not settled(even(300), np.zeros(300, bool)).any()


def test_after_a_long_pause_it_starts_anew() -> None:
    kept = np.r_[0:200, 230:400]
    times = even(400)[kept]
    np.testing.assert_array_equal(settled(times)[200:], times[200:] >= times[200] + MEMORY_S)


def test_a_second_pause_does_not_shorten_the_first() -> None:
    kept = np.r_[0:200, 230:240, 250:400]
    times = even(400)[kept]
    np.testing.assert_array_equal(settled(times)[200:], times[200:] >= times[200] + MEMORY_S)


def test_a_reset_forgets_a_clock_that_was_ahead() -> None:
    settling = Settling(MEMORY_S)
    settling.step(1e6, True, False)
    settling.reset()
    settling.step(5.0, True, False)
    settling.step(5.0 + MEMORY_S, True, False)
    assert not settling.settled  # nothing was seen in between
    for t in 5.0 + MEMORY_S + even(121) - 100.0:
        settling.step(float(t), True, False)
    assert settling.settled
