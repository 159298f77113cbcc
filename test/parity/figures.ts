// What parity tests measured, for the table in the README.
import { appendFileSync } from "node:fs";

/** What a test showed of an architecture; numbers are largest differences. */
interface Figures {
  readonly loads?: true;
  readonly trains?: true;
  readonly saves?: true;
  /** Between the logits of an exported TorchScript module and the model's own. */
  readonly torchscript?: number;
  readonly logits?: number;
  /** Relative; see gradientDifference. */
  readonly gradients?: number;
  /** Between probabilities in bf16 and in fp32. */
  readonly bf16?: number;
}

/** Notes figures of a `model_type` in the file that scripts/parity-table.mjs names; elsewhere does nothing. */
export function note(modelType: string, figures: Figures): void {
  const file = process.env.TAGFORMER_FIGURES;
  if (file) appendFileSync(file, `${JSON.stringify({ modelType, ...figures })}\n`);
}
