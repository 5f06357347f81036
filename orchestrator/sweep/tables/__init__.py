"""Tables of a sweep file that are checked by themselves: agent, judge, policy, serve."""
