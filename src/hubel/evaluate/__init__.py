"""From probabilities and true labels to figures one can trust and a page one can read.

In: probabilities, labels, class names, a card, thumbnails made elsewhere.
Out: `Metrics` with an interval, a temperature, `report.html` (one file, opens offline), `picture.png`.
Never: a network, torch, scikit-learn, a decoder, or a figure without the protocol it came from.
Next: export
"""
