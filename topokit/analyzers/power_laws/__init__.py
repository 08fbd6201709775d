"""Parts of the power-law test: fits, simulated p-values, other laws on the same tail, and the verdict."""
