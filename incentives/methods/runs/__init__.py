"""Methods that read a run's rounds or updates, and no other game."""
