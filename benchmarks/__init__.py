"""Measurements that are made by hand; docs/performance.md tells how, and what came out."""
