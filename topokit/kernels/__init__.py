"""Array-in, array-out hot loops. No topokit class crosses this line."""
