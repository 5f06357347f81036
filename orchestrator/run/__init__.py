"""A run: what a sweep needs is prepared, planned, driven, booked and judged."""
