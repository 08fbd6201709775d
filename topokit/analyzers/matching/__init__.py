"""Parts of the topology distance: what it means, networks as sets of inputs, and the pairing of their neurons."""
