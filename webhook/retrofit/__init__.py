"""Repair live Pods that a new Pod would differ from. Writes workloads; the audit only reads."""
