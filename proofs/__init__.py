"""Slow evidence on real data: scripts that fetch, prune, measure, and write the tables in docs."""
