"""What the readers of graph files share: constants followed lazily, nodes collected, shapes told."""
