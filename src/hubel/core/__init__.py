"""The vocabulary that the stages share.

In: nothing of hubel. Out: types, card, events, run folder, seeds, errors.
Never: a name that only one stage needs, torch, or anything that touches images.
Next: data
"""
