"""The fastest way to run a frozen graph on this machine.

In: an ONNX graph and pixels. Out: arrays, the same from every engine within its stated tolerance.
Never: learning, data sets, or torch unless it was asked for.
Next: train
"""
