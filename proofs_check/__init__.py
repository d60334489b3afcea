"""Machine-checked proof steps, one file per room of the catalogue."""
