"""What is read from the cluster, never in the request path."""
