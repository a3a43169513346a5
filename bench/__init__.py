"""Measurements of Kith beside the bare libraries, in one run, so that the ratios hold on any machine."""
