"""Benchmarks that print tables for RESULTS.md."""
