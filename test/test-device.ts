/** Where the models of tests compute that may compute on any device: `cuda` in `npm run test:device`, otherwise the CPU. */
export const testDevice: "cpu" | "cuda" = process.env.TAGFORMER_TEST_DEVICE === "cuda" ? "cuda" : "cpu";
