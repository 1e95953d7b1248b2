"""Statistics of validation: small pure functions of arrays. A seed makes every one of them repeatable."""
