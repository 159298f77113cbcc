/** The Python of the parity tests: `TAGFORMER_PARITY_PYTHON`, or the complete environment in the cache; `null` when there is none. */
export function findParityPython(): string | null;
/** The model directory of the real MiniLM weights in the cache; `null` when they are not there. */
export function findMiniLm(): string | null;
/** {@link findParityPython}, after making the environment when it is not there. Progress goes to stderr. */
export function ensureParityPython(): Promise<string>;
/** {@link findMiniLm}, after fetching and checking the weights when they are not there. */
export function ensureMiniLm(): Promise<string>;
/** Python with transformers 4 for the long tests; `null` before it was set up with --transformers-4. */
export function findTransformers4(): string | null;
/** {@link findTransformers4}, after making the environment when it is not there. Progress goes to stderr. */
export function ensureTransformers4(): Promise<string>;
/** The Python with the clients of the server's tests, after making the environment when it is not there. */
export function ensureClientsPython(): Promise<string>;
