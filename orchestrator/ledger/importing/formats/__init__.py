"""The formats of files that `manyfew import` reads, one module each."""
