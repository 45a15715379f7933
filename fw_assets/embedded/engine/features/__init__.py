"""Text encoders: MiniLM sentence embeddings and hashed n-grams, as features for linear scorers.

`text_encoder` is the protocol, one `*_encoder` module per family implements it, and the rest serves one of them. Only
`engine.registry` imports the families; everything above it works with the protocol.
"""
