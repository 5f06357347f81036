"""Commands as they are nearly always typed, without the library that parses command lines: that takes as long to start
as their first work."""
