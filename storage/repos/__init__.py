"""The host's aggregates, one module each: plain SQL on a ``Tx``, in and out of plain values."""
