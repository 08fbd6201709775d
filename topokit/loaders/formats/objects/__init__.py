"""Python objects that hold arrays: what the readers of pickles, joblib, Flax, Orbax, skops and Paddle files share."""
