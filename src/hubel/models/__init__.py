"""Networks and pretrained bases.

In: a name or a checkpoint file. Out: `Backbone`, an ONNX graph from pixels to features, with its licence and hash.
Never: a data set, a training loop, or a file that runs code when it is read.
Next: runtime
"""
