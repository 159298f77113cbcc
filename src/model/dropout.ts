// The dropout rates of a config.json, which every architecture calls otherwise.
import { invalidOption } from "../base/errors.js";
import type { JsonObject } from "./json-file.js";

/** Dropout rates in place of a model's own; `undefined` leaves those. */
export interface DropoutRates {
  readonly hiddenDropout?: number | undefined;
  readonly attentionDropout?: number | undefined;
  readonly headDropout?: number | undefined;
}

type Fields = Readonly<Record<keyof DropoutRates, readonly string[]>>;

const ofBert: Fields = {
  hiddenDropout: ["hidden_dropout_prob"],
  attentionDropout: ["attention_probs_dropout_prob"],
  headDropout: ["classifier_dropout"],
};

/** Fields of the architectures that do not have those of BERT. */
const others: Readonly<Record<string, Fields>> = {
  albert: { ...ofBert, headDropout: ["classifier_dropout_prob"] },
  "deberta-v2": { ...ofBert, headDropout: ["cls_dropout"] },
  distilbert: {
    hiddenDropout: ["dropout"],
    attentionDropout: ["attention_dropout"],
    headDropout: ["seq_classif_dropout"],
  },
  modernbert: {
    hiddenDropout: ["embedding_dropout", "mlp_dropout"],
    attentionDropout: ["attention_dropout"],
    headDropout: ["classifier_dropout"],
  },
  // Its attention has the rate of its hidden states.
  xlnet: { hiddenDropout: ["dropout"], attentionDropout: [], headDropout: ["summary_last_dropout"] },
};

/**
 * A config.json with these rates.
 *
 * @param isModule a TorchScript module, whose rates are in its program
 * @throws TagformerError `INVALID_OPTION` where the model has no such rate
 */
export function withDropout(config: JsonObject, rates: DropoutRates, isModule: boolean): JsonObject {
  const type = String(config.model_type);
  const fieldsOf = others[type] ?? ofBert;
  const changed: Record<string, number> = {};
  for (const name of Object.keys(ofBert) as (keyof DropoutRates)[]) {
    const rate = rates[name];
    if (rate === undefined) continue;
    const fields = isModule ? [] : fieldsOf[name];
    if (fields.length === 0) {
      const what = isModule
        ? "a TorchScript module has its rates in its program"
        : `${type} has no such rate of its own`;
      throw invalidOption(`option ${name} is ${rate}, but ${what}; leave it out`);
    }
    for (const field of fields) changed[field] = rate;
  }
  return { ...config, ...changed };
}
