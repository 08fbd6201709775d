"""Networks the trainer can train: modules whose tensors with two or more dimensions are masked."""
