"""Other laws than the power law for the tail of a histogram, exactly discrete; `alternatives` fits them."""
