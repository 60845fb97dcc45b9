"""What async Django really does, seen from inside. Imports nothing of this project: it could stand in any other."""
