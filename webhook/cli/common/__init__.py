"""What the verbs share: flags, output, the terminal, reaching a cluster, manifests."""
