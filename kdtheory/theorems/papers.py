"""The papers, in the editions examined. A finding is about these texts, not other versions."""

from __future__ import annotations

from kdtheory.claim import Paper

MENON = Paper(
    key="Menon et al. 2020",
    authors="Menon, Rawat, Reddi, Kim, Kumar",
    title="Why distillation helps: a statistical perspective",
    edition="arXiv:2005.10419 (2020 preprint, full text)",
    bibtex="""@misc{menon2020distillation,
  title = {Why distillation helps: a statistical perspective},
  author = {Menon, Aditya Krishna and Rawat, Ankit Singh and Reddi, Sashank J. and Kim, Seungyeon
            and Kumar, Sanjiv},
  year = {2020},
  eprint = {2005.10419},
  archivePrefix = {arXiv}
}""",
)

LI_HE = Paper(
    key="Li & He 2026",
    authors="Li, He",
    title="On the Generalization of Knowledge Distillation: An Information-Theoretic View",
    edition="arXiv:2605.13143 (a rendering whose appendix is cut in places)",
    bibtex="""@misc{lihe2026generalization,
  title = {On the Generalization of Knowledge Distillation: An Information-Theoretic View},
  author = {Li and He},
  year = {2026},
  eprint = {2605.13143},
  archivePrefix = {arXiv}
}""",
)

MAURER_PONTIL = Paper(
    key="Maurer & Pontil 2009",
    authors="Maurer, Pontil",
    title="Empirical Bernstein bounds and sample variance penalization",
    edition="arXiv:0907.3740 (statements from a public transcription, re-derived)",
    bibtex="""@inproceedings{maurer2009empirical,
  title = {Empirical {Bernstein} bounds and sample variance penalization},
  author = {Maurer, Andreas and Pontil, Massimiliano},
  booktitle = {Conference on Learning Theory},
  year = {2009},
  eprint = {0907.3740},
  archivePrefix = {arXiv}
}""",
)

MORAD = Paper(
    key="Morad et al. 2026",
    authors="Morad, Shlezinger, Eldar",
    title="SGD-Based Knowledge Distillation with Bayesian Teachers: Theory and Guidelines",
    edition="arXiv:2601.01484 (abstract and reviews; statements are our reconstructions)",
    bibtex="""@misc{morad2026sgd,
  title = {{SGD}-Based Knowledge Distillation with {Bayesian} Teachers: Theory and Guidelines},
  author = {Morad and Shlezinger and Eldar},
  year = {2026},
  eprint = {2601.01484},
  archivePrefix = {arXiv}
}""",
)

CUI_PEI = Paper(
    key="Cui & Pei 2026",
    authors="Cui, Pei",
    title="How Is Uncertainty Propagated in Knowledge Distillation?",
    edition="arXiv:2601.18909 (abstract only, statements reconstructed)",
    bibtex="""@misc{cuipei2026uncertainty,
  title = {How Is Uncertainty Propagated in Knowledge Distillation?},
  author = {Cui and Pei},
  year = {2026},
  eprint = {2601.18909},
  archivePrefix = {arXiv}
}""",
)
