"""The `manyfew` command: parsing, output, exit statuses."""
