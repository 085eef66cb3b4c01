"""What changes would cost: Node capacity, and autoscalers that would become active."""
