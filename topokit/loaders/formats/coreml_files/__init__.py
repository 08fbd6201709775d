"""The parts of Core ML models and packages."""
