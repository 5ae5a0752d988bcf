"""Learning: from features to a head.

In: features and labels. Out: a fitted linear head, its strength, out-of-fold scores.
Never: a data set's files, a report, or a runtime's engine.
Next: evaluate
"""
