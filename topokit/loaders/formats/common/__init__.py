"""What the readers of several formats share: archives, contained names, types of numbers, wire formats."""
