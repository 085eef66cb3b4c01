"""What a change would cost: room on the Nodes, and autoscalers that new requests would wake."""
