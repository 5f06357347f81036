"""A run's policy: what each model has to ask, what its choice goes by, and how it stands."""
