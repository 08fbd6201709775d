"""What Keras files have in common: their configurations, where they keep the weights of a layer, and their graph.

Nothing of a configuration is ever looked up or run: class names are words, Lambda and custom layers unknown operations.
"""
