"""Inverse kinematics: from markers to the pose of the model."""
