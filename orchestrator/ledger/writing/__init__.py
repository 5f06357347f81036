"""A run's own connection: reserve, settle, presume, free, judge, in group commits."""
