"""Plans and performs a sweep: sends what the scheduler admits, has it booked and judged."""
