"""What the wires over a vendor's SDK have in common."""
