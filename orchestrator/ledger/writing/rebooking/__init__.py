"""What a ledger has booked already, booked anew: by mended rules, by a bill, or at other prices."""
