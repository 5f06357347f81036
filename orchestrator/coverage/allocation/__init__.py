"""Where further samples narrow a comparison most."""
