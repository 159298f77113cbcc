// The floating-point operations that an encoder has to do: two for each multiplication and addition, as in Chowdhery et
// al., PaLM (arXiv 2204.02311), appendix B. The work of padding is never counted, and everything is counted that the
// textbook encoder does, so that the figure is the same for every way of computing it.

/** Query, key, value and output, and the two matrices of the feed-forward part. */
function weights({ hidden, intermediate }) {
  return 4 * hidden * hidden + 2 * hidden * intermediate;
}

/**
 * Of attention, a token compares itself with every token of its row, and sums over them. XLNet's compares places too: each
 * of its tokens with twice as many. (Its positions are multiplied with a matrix as well, once for all rows of a length,
 * which is not counted.)
 */
const comparisons = { bert: 4, xlnet: 8 };

export function workloadFlops({ type, shape }, lengths, work) {
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  const attended = lengths.reduce((sum, length) => sum + length ** 2, 0) / tokens;
  const forwardPerToken = shape.layers * (2 * weights(shape) + comparisons[type] * shape.hidden * attended);
  // The backward pass has two matrix products for each of the forward pass: for the inputs and for the weights.
  const passes = work === "train" ? 3 : 1;
  return passes * tokens * forwardPerToken;
}
