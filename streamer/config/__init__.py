"""What the user writes down: YAML files of sessions and trainings, read strictly."""
