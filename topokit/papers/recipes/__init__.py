"""How a kind of figure is made again: networks to tables, tables to figures, tables to verdicts."""
