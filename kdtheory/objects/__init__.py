"""The objects that theorems speak about: validated records of arrays."""
