"""The player on a clock moved by hand, its streams caught instead of sent."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from configs import demo
from streamer.commands.replay import cut, open_source, run
from streamer.exceptions import ConfigError, FormatError
from streamer.formats import MarkerTable, Recording, Storage
from streamer.lsl.faults import Faults
from streamer.lsl.replay import FORCE_CHUNK_S, STALL_S, Player
from tests.data_sets import trial_dir
from tests.streamer.stand_ins import HandClock
from tests.streamer.xdf_writing import XdfStream, write_xdf

N, RATE, FORCE_RATE = 20, 100.0, 1000.0


class Catcher:
    """Outlet that notes when each chunk was pushed."""

    def __init__(self, clock: HandClock) -> None:
        self._clock = clock
        self.pushed_at: list[float] = []
        self.chunks: list[tuple[NDArray[np.float32], NDArray[np.float64]]] = []

    def push(self, samples: NDArray[np.float32], stamps: NDArray[np.float64]) -> None:
        self.pushed_at.append(self._clock.now())
        self.chunks.append((samples.copy(), np.array(stamps)))

    @property
    def pushes(self) -> list[tuple[float, NDArray[np.float64]]]:
        """When each chunk was pushed, and its time stamps."""
        return [(p, t) for p, (_, t) in zip(self.pushed_at, self.chunks, strict=True)]

    @property
    def samples(self) -> NDArray[np.float32]:
        return np.concatenate([s for s, _ in self.chunks])

    @property
    def stamps(self) -> NDArray[np.float64]:
        return np.concatenate([t for _, t in self.chunks])


def recording(start: float = 3.0) -> tuple[MarkerTable, Storage]:
    """Frames and force samples that carry their own number."""
    t = start + np.arange(N) / RATE
    positions = np.arange(N * 6.0).reshape(N, 2, 3)
    n = round(N / RATE * FORCE_RATE)
    forces = np.arange(float(n))[:, None]
    return (
        MarkerTable(t, ("A", "B"), positions, RATE),
        Storage(start + np.arange(n) / FORCE_RATE, ("vx",), forces),
    )


class Stage:
    """A player with its clock and its caught streams."""

    def __init__(self, laps: float = 1.0, **options: object) -> None:
        self.clock = HandClock()
        self.marker_out, self.force_out = Catcher(self.clock), Catcher(self.clock)
        markers, forces = recording()
        self.player = Player(
            markers, self.marker_out, [(forces, self.force_out)], self.clock,
            loop=laps > 1, **options,
        )  # fmt: skip
        self.player.run(lambda: len(self.marker_out.chunks) >= laps * N)


def test_every_frame_is_sent_in_millimetres_at_its_time() -> None:
    stage = Stage()
    np.testing.assert_allclose(stage.marker_out.samples, 1e3 * np.arange(N * 6.0).reshape(N, 6))
    np.testing.assert_allclose(np.diff(stage.marker_out.stamps), 1 / RATE, atol=1e-9)
    # never before its time, and with the force sample of that time already there
    lag = np.array(stage.marker_out.pushed_at) - stage.marker_out.stamps
    assert lag.min() >= -1e-9
    assert lag.max() <= 1 / FORCE_RATE + 1e-9


def test_metres_on_request() -> None:
    np.testing.assert_allclose(Stage(unit="m").marker_out.samples[1], np.arange(6.0, 12.0))


def test_forces_of_a_frames_time_are_sent_before_the_frame_and_in_short_chunks() -> None:
    stage = Stage()
    for pushed, t in zip(stage.marker_out.pushed_at, stage.marker_out.stamps, strict=True):
        sent = [stamps for p, stamps in stage.force_out.pushes if p <= pushed]
        assert np.concatenate(sent).max() >= t - 1e-9
    longest = max(len(s) for s, _ in stage.force_out.chunks) / FORCE_RATE
    assert longest <= FORCE_CHUNK_S + 1e-9


def test_a_frame_leaves_once_the_force_sample_that_follows_it_is_taken() -> None:
    clock = HandClock()
    out, force_out = Catcher(clock), Catcher(clock)
    markers, forces = recording()
    after_s = 0.4 / FORCE_RATE
    between = Storage(forces.time + after_s, forces.names, forces.data)
    player = Player(markers, out, [(between, force_out)], clock, loop=True)
    player.run(lambda: len(out.chunks) >= 3 * N)
    # 1e-8 s: the rounding that the player allows for
    np.testing.assert_allclose(np.array(out.pushed_at) - out.stamps, after_s, atol=1e-8)
    for pushed, t in zip(out.pushed_at, out.stamps, strict=True):
        sent = np.concatenate([stamps for p, stamps in force_out.pushes if p <= pushed])
        assert sent.max() == pytest.approx(t + after_s, abs=1e-8)


def test_a_loop_is_seamless_in_time_and_order() -> None:
    stage = Stage(laps=3)
    assert len(stage.marker_out.chunks) == 3 * N
    np.testing.assert_allclose(np.diff(stage.marker_out.stamps), 1 / RATE, atol=1e-9)
    np.testing.assert_allclose(np.diff(stage.force_out.stamps), 1 / FORCE_RATE, atol=1e-9)
    period = round(N / RATE * FORCE_RATE)
    numbers = stage.force_out.samples[:, 0]
    assert len(numbers) > 3 * period - FORCE_RATE / RATE  # all up to the last frame
    np.testing.assert_array_equal(numbers, np.arange(len(numbers)) % period)


def test_forces_carry_the_times_of_the_markers_clock() -> None:
    stage = Stage()
    start = stage.marker_out.stamps[0]
    np.testing.assert_allclose(
        stage.force_out.stamps, start + stage.force_out.samples[:, 0] / FORCE_RATE, atol=1e-9
    )


def test_speed_shortens_all_intervals() -> None:
    stage = Stage(speed=2.0)
    np.testing.assert_allclose(np.diff(stage.marker_out.stamps), 0.5 / RATE, atol=1e-9)
    np.testing.assert_allclose(np.diff(stage.force_out.stamps), 0.5 / FORCE_RATE, atol=1e-9)


def test_after_a_stall_the_schedule_moves_instead_of_catching_up() -> None:
    clock = HandClock()
    out = Catcher(clock)
    player = Player(recording()[0], out, [], clock)

    def stopped() -> bool:
        if len(out.chunks) == 10:
            clock.t += 4 * STALL_S
        return False

    player.run(stopped)
    steps = np.diff(out.stamps)
    assert player.stalls == 1
    assert steps.max() > 3 * STALL_S
    np.testing.assert_allclose(np.delete(steps, steps.argmax()), 1 / RATE, atol=1e-9)
    assert (np.array(out.pushed_at) - out.stamps).max() < 0.01


def test_after_a_short_stall_the_schedule_is_kept() -> None:
    clock = HandClock()
    out = Catcher(clock)
    player = Player(recording()[0], out, [], clock)

    def stopped() -> bool:
        clock.t += 0.5 * STALL_S * (len(out.chunks) == 10)
        return False

    player.run(stopped)
    assert player.stalls == 0
    np.testing.assert_allclose(np.diff(out.stamps), 1 / RATE, atol=1e-9)


def test_forces_that_have_a_hole_and_end_early_hold_no_frame_back() -> None:
    clock = HandClock()
    out = Catcher(clock)
    markers, forces = recording()
    kept = (forces.time < 3.052) | ((forces.time > 3.12) & (forces.time < 3.15))
    part = Storage(forces.time[kept], forces.names, forces.data[kept])
    Player(markers, out, [(part, Catcher(clock))], clock).run(lambda: False)
    assert len(out.chunks) == N
    assert (np.array(out.pushed_at) - out.stamps).max() <= FORCE_CHUNK_S


def test_dropped_frames_are_missing_but_time_goes_on() -> None:
    clock = HandClock()
    out = Catcher(clock)
    player = Player(recording()[0], out, [], clock, faults=Faults(drop=0.3))
    player.run(lambda: False)
    assert 0 < player.frames_sent == len(out.chunks) < N
    multiples = np.diff(out.stamps) * RATE
    np.testing.assert_allclose(multiples, np.round(multiples), atol=1e-6)


def test_late_forces_come_after_their_frame_with_their_own_times() -> None:
    stage = Stage(faults=Faults(late=0.02))
    lag = [pushed - stamps.max() for pushed, stamps in stage.force_out.pushes]
    assert min(lag) >= 0.02 - 1e-9


def test_muted_forces_are_never_sent_and_time_goes_on() -> None:
    length = N / RATE
    faults = Faults(mute=1.0)
    faults.sends_forces = lambda t: not length / 3 <= t < 2 * length / 3  # type: ignore[method-assign]
    whole, muted = Stage().force_out.stamps, Stage(faults=faults).force_out.stamps
    assert set(muted) < set(whole)
    assert np.diff(muted).max() == pytest.approx(length / 3, abs=2 * FORCE_CHUNK_S)
    assert len(muted) == pytest.approx(2 / 3 * len(whole), abs=4 * FORCE_CHUNK_S * FORCE_RATE)


def test_forces_of_another_time_are_refused() -> None:
    markers, forces = recording()
    other = Storage(forces.time + 100.0, forces.names, forces.data)
    clock = HandClock()
    with pytest.raises(FormatError, match=r"no sample between 3 and 3\.2 s"):
        Player(markers, Catcher(clock), [(other, Catcher(clock))], clock)


def test_a_recording_of_one_frame_is_not_replayed() -> None:
    markers, forces = recording()
    one = markers.between(3.0, 3.0)
    with pytest.raises(ConfigError, match="the recording has one frame, at 3 s; give one of two"):
        cut(Recording(one, forces), None, None)


def test_a_part_can_be_cut_out() -> None:
    markers, forces = recording()
    part = cut(Recording(markers, forces), 3.05, 3.10)
    np.testing.assert_allclose(part.markers.time, 3.05 + np.arange(6) / RATE)
    with pytest.raises(ConfigError, match=r"runs from 3 to 3\.19 s"):
        cut(Recording(markers, forces), 9.0, None)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["missing.trc"], "no such file"),
        (["notes.txt"], "no such file"),
        (["nowhere"], "no such file"),
    ],
)
def test_what_cannot_be_replayed_is_one_clear_error(
    tmp_path: Path, names: list[str], message: str
) -> None:
    with pytest.raises(FormatError, match=message):
        open_source([tmp_path / n for n in names])


def test_two_files_of_markers_are_refused(tmp_path: Path) -> None:
    labels = [{"label": f"SACR_{axis}", "unit": "m"} for axis in "XYZ"]
    data = np.arange(N * 3.0).reshape(N, 3) + 1.0
    stream = XdfStream("lab", "MoCap", np.arange(N) / RATE, data, RATE, labels)
    one, two = (write_xdf(tmp_path / f"{name}.xdf", [stream]) for name in ("one", "two"))
    with pytest.raises(FormatError, match=r"two\.xdf.*is a second file of markers"):
        open_source([one, two])


def test_two_files_of_forces_are_refused(tmp_path: Path) -> None:
    one, two = (tmp_path / name for name in ("one.mot", "two.sto"))
    for path in (one, two):
        path.write_text("grf\nversion=1\nnRows=1\nnColumns=2\nendheader\ntime\tvx\n0\t1\n")
    with pytest.raises(FormatError, match=r"two\.sto: is a second file of forces; give one at"):
        open_source([one, two])


def test_options_that_cannot_be_met_are_refused() -> None:
    walk = Path(demo.__file__).parent / "subject" / "walk"  # it has no EMG
    with pytest.raises(ConfigError, match=r"--emg: .*walk has no EMG; leave --emg out"):
        run([walk], emg=True)
    with pytest.raises(ConfigError, match="--name is empty; give the stream a name"):
        run([walk], name="")


def test_a_rig_s_recording_is_sent_as_the_session_that_listens_expects_it(tmp_path: Path) -> None:
    labels = [{"label": f"SACR_{axis}"} for axis in "XYZ"]
    time, data = 50.0 + np.arange(N) / RATE, np.arange(N * 3.0).reshape(N, 3) + 1.0
    streams = [XdfStream(name, "MoCap", time, data, RATE, labels) for name in ("lab", "room")]
    path = write_xdf(tmp_path / "walk.xdf", streams)
    config = tmp_path / "rig.yaml"
    (tmp_path / "model.osim").touch()
    config.write_text(
        "model: model.osim\nloads: gone.xml\nmarkers: {name: lab, unit: cm, up: z, lag_ms: 12}\n"
    )
    with pytest.raises(FormatError, match=r"several streams of type MoCap .* in the --config"):
        open_source([path])
    source = open_source([path], config)
    # axes and times as recorded: the session turns the ones and takes its lag off the others
    np.testing.assert_allclose(source.markers.positions[:, 0], 0.01 * data, rtol=1e-15)
    # pyxdf fits a line through the stamps
    np.testing.assert_allclose(source.markers.time, time, rtol=0.0, atol=1e-9)


def test_a_force_file_alone_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "grf.mot"
    path.write_text(
        "grf\nversion=1\nnRows=1\nnColumns=2\ninDegrees=no\nendheader\ntime\tvx\n0\t1\n"
    )
    with pytest.raises(FormatError, match="holds no markers"):
        open_source([path])


def test_a_real_trial_is_opened_with_forces_and_emg() -> None:
    source = open_source([trial_dir("rajagopal/walker/walk")])
    assert len(source.markers.names) == 41
    assert source.forces is not None
    assert source.analogs is not None
    assert source.forces.rate_hz == pytest.approx(2000)
