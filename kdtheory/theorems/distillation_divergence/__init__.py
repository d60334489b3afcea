"""stand-in."""
from kdtheory.theorems.distillation_divergence import claims_stability as c

CLAIMS = (c.STABILITY_DIFFERENCES, c.STABILITY_DIFFERENCES_SHARPENED, c.STABILITY, c.STABILITY_SHARPENED, c.STABILITY_SEEDED, c.STABILITY_SEEDED_SHARPENED)
