"""From a learned head to files that any runtime can use.

In: a base graph and a head. Out: `model.onnx`, weights, golden images, model card.
Never: learning, or a file that runs code when it is read.
Next: serve
"""
