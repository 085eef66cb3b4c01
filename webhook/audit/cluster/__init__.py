"""What a cluster has: workloads, what is installed, what proves that policies were in force."""
