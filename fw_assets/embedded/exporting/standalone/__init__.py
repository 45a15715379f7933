"""Code that an export carries; copied as it stands, it imports numpy, onnxruntime and tokenizers alone."""
