"""Equipoise says, reproducibly, what the evidence shows for contested treatments."""

__version__ = "0.1.0"
