// The floating-point operations that a BERT encoder has to do: two for each multiplication and addition, as in
// Chowdhery et al., PaLM (arXiv 2204.02311), appendix B. The work of padding is never counted, and everything is
// counted that the textbook encoder does, so that the figure is the same for every way of computing it.

/** A layer multiplies each token with four hidden x hidden matrices (query, key, value, output) and the two of the
 * feed-forward part, and its attention compares it with, and sums over, every token of its row. */
function forwardPerToken({ layers, hidden, intermediate }, attended) {
  const weights = 4 * hidden * hidden + 2 * hidden * intermediate;
  return layers * (2 * weights + 4 * hidden * attended);
}

export function workloadFlops(shape, lengths, work) {
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  const attended = lengths.reduce((sum, length) => sum + length ** 2, 0) / tokens;
  // The backward pass has two matrix products for each of the forward pass: for the inputs and for the weights.
  const passes = work === "train" ? 3 : 1;
  return passes * tokens * forwardPerToken(shape, attended);
}
