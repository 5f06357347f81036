"""What the commands that give verdicts share."""
