"""The figures, as Vega-Lite."""
