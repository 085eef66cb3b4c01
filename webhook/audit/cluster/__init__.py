"""Read a cluster: its workloads, how podtailor is installed, evidence that policies were in force."""
