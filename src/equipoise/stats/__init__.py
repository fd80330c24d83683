"""Mathematics without medicine: distributions, quadrature, root finding, priors, mixtures."""
