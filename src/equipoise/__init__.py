"""Equipoise says, reproducibly, what the evidence shows for contested treatments."""
