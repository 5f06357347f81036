"""The sweep file: read, validated, with errors that name file, line, key and remedy."""
