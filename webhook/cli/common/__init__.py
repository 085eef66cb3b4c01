"""What the verbs share: flags, output, the terminal, connecting to a cluster, manifests."""
