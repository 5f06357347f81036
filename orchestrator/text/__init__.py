"""Money, durations, citations and hostile text as people read them."""
