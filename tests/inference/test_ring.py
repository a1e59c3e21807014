from __future__ import annotations

from collections import deque

import numpy as np

from inference.live.ring import PastRing


def test_past_is_the_last_rows_in_order_at_every_position() -> None:
    window = 5
    ring = PastRing(window, limbs=2, width=3)
    expected: deque[float] = deque([0.0] * (window - 1), maxlen=window - 1)
    for frame in range(1, 4 * window):  # ramp: loss or disorder would show
        ring.push(np.full((2, 3), frame, dtype=np.float32))
        expected.append(frame)
        np.testing.assert_array_equal(ring.past[:, 0, 0], expected)
        assert ring.past.flags.c_contiguous
        assert np.count_nonzero(ring.mask == 0.0) == min(frame, window - 1)


def test_mask_hides_rows_that_hold_no_frame_yet() -> None:
    ring = PastRing(4, limbs=2, width=1)
    assert np.all(np.isneginf(ring.mask))
    ring.push(np.ones((2, 1), dtype=np.float32))
    np.testing.assert_array_equal(ring.mask, [-np.inf, -np.inf, 0.0])
    assert ring.past[-1, 0, 0] == 1.0


def test_after_a_reset_a_ring_is_as_a_new_one() -> None:
    ring, new = PastRing(4, limbs=2, width=1), PastRing(4, limbs=2, width=1)
    for _ in range(7):
        ring.push(np.ones((2, 1), dtype=np.float32))
    ring.reset()
    assert np.all(np.isneginf(ring.mask))
    assert not ring.past.any()
    for frame in range(1, 10):
        assert ring.past.shape == (3, 2, 1)
        np.testing.assert_array_equal(ring.past, new.past)
        np.testing.assert_array_equal(ring.mask, new.mask)
        for one in (ring, new):
            one.push(np.full((2, 1), frame, dtype=np.float32))
