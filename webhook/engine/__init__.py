"""The product: `evaluate(request, snapshot) -> Decision`, and `explain`, which adds the reasons. Pure."""
