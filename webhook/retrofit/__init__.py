"""Give running Pods what admission would give them now. Writes workloads; the audit only reads."""
