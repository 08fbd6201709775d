"""Figures of tidy frames: a row a measurement, columns by name, several rows of one place averaged.

For tables that come from many networks, such as those of a paper; figures of a single result are beside this folder.
"""
