"""One file per paper: its experiments, figures, expected numbers and known errors."""
