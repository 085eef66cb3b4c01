"""What exists, seen through the engine: findings, what they cost, and how they are reported."""
