"""Figures: Findings' numbers as SVG that follows the page's colours.

Positions on the page are worked out from the numbers' values, which is layout and not evidence. No
figure prints a number of its own except the ticks of its axis.
"""

from equipoise.dossier.figures.certainty import draw_certainty, draw_verdict
from equipoise.dossier.figures.forest import draw_forest
from equipoise.dossier.figures.occupancy import OccupancyPanel, occupancy_panels
from equipoise.dossier.figures.path import draw_path
from equipoise.dossier.figures.potency import draw_potency
from equipoise.dossier.figures.rates import draw_rates

__all__ = [
    "OccupancyPanel",
    "draw_certainty",
    "draw_forest",
    "draw_path",
    "draw_potency",
    "draw_rates",
    "draw_verdict",
    "occupancy_panels",
]
