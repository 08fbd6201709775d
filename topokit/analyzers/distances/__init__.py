"""Parts of the topology distance of many networks: all pairs, their store, and their results."""
