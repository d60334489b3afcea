r"""How sharp a loss is around what was learned, and what sharpness-aware bounds make of it."""
