"""Usage from the HTTP API of Prometheus: also of VictoriaMetrics, Thanos, Mimir and others that serve it."""
