"""Judge existing workloads with the engine: findings, costs and reports."""
