from sim_bridge import BridgeStatus
from streamer.status import Status, names


def test_bits_of_the_bridge_pass_through_with_the_same_meaning() -> None:
    for flag in BridgeStatus:
        assert Status[flag.name] == flag.value


def test_every_flag_of_the_protocol_has_its_own_bit() -> None:
    listed = (
        "GAP HOLD LATE FORCE_STALE GRF_PREDICTED IK_UNCONVERGED SO_SATURATED PATH_EXTRAPOLATED "
        "REFINER_SKIPPED WARMING_UP"
    )
    assert " ".join(str(flag.name) for flag in Status) == listed
    assert [flag.value for flag in Status] == [1 << k for k in range(10)]


def test_names_lists_set_bits_and_shows_unknown_ones_by_value() -> None:
    assert names(0) == []
    assert names(Status.GAP | Status.LATE) == ["GAP", "LATE"]
    assert names(1 | 4096) == ["GAP", "4096"]
