"""kdtheory: numerical verification of the theory of knowledge distillation."""
