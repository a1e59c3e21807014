"""What networks learn from and are judged by: sequences of limbs, and how data sets differ."""
