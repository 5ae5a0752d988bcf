"""Networks and pretrained bases.

In: a name or a checkpoint file. Out: `Backbone`, an ONNX graph from pixels to features, with its licence and hash; or a
`Network` of the catalogue, with fresh weights or those of others, and its summary layer by layer.
Never: a data set, a training loop, or a file that runs code when it is read.
Next: runtime
"""
