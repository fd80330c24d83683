"""Observations into estimates, and estimates into syntheses.

`evidence.effects` turns what a paper printed into an `Estimate` with its derivation;
`evidence.synthesis` pools estimates; `evidence.methods` knows where each method comes from.
"""
