from __future__ import annotations

import pytest

from streamer.config.features import FeatureSettings
from streamer.exceptions import ConfigError


def test_the_trial_as_recorded_has_no_variant() -> None:
    assert FeatureSettings().variant == ""
    assert FeatureSettings.of_variant("") == FeatureSettings()


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("predicted", FeatureSettings(ground_reaction="predicted")),
        ("noise-2", FeatureSettings(noise_seed=2)),
        ("causal", FeatureSettings(target="causal")),
        ("predicted+noise-13+causal", FeatureSettings("predicted", 13, "causal")),
    ],
)
def test_a_variant_and_its_settings_name_each_other(name: str, settings: FeatureSettings) -> None:
    assert settings.variant == name
    assert FeatureSettings.of_variant(name) == settings
    assert FeatureSettings.of_variant("+".join(reversed(name.split("+")))) == settings


@pytest.mark.parametrize(
    "name", ["noise", "noise-0", "noise-1+noise-2", "measured", "predicted+", "causal+causal"]
)
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="is unknown; use predicted, noise-1"):
        FeatureSettings.of_variant(name)
