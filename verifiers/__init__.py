"""Judge answers: text and problem in, verdict out."""
