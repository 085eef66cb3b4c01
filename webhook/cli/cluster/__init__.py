"""See a cluster as the server that is installed there does."""
