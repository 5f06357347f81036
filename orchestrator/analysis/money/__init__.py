"""Money in the documents: what passes and problems cost, what was wasted, and other prices."""
