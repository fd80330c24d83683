"""Timings side by side with what users would use instead; ratios, not promises."""
