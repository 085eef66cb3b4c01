"""X.509: issue certificates, read and write them, decide when to renew. The time is always an argument."""
