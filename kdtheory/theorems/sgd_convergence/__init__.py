r"""SGD with Bayesian teachers: what soft labels do to the noise of gradients.

Morad, Shlezinger, Eldar, "SGD-Based Knowledge Distillation with Bayesian Teachers",
arXiv:2601.01484: from the abstract and reviews, so that statements are reconstructions.

``noise`` holds the gradient noise of every kind of label, ``bounds`` what is promised of SGD,
printed and sharpened. `kdtheory.objects.objectives` and `kdtheory.objects.descent` hold the
objectives with known constants, and what SGD does on them, exactly.
"""
