"""The state of a data set: what is measured of every file in one pass, and what follows from it.

In: a `Dataset`. Out: findings with stable ids.
Never: a file of the user's changed, or a network.
"""
