"""Rate limits: what a vendor takes, stated, told or found, and what to send after a refusal."""
