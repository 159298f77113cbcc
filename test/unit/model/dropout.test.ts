import { expect, it } from "vitest";
import { withDropout } from "../../../src/model/dropout.js";

it("rates are written under the names of their architecture", () => {
  const rates = { hiddenDropout: 0.2, attentionDropout: 0, headDropout: 0.5 };
  expect(withDropout({ model_type: "roberta", classifier_dropout: null }, rates, false)).toEqual({
    model_type: "roberta",
    hidden_dropout_prob: 0.2,
    attention_probs_dropout_prob: 0,
    classifier_dropout: 0.5,
  });
  expect(withDropout({ model_type: "modernbert" }, { hiddenDropout: 0.3 }, false)).toEqual({
    model_type: "modernbert",
    embedding_dropout: 0.3,
    mlp_dropout: 0.3,
  });
});

it("a rate that a model does not have is refused", () => {
  expect(() => withDropout({ model_type: "xlnet" }, { attentionDropout: 0.1 }, false)).toThrow(
    "option attentionDropout is 0.1, but xlnet has no such rate of its own",
  );
  expect(() => withDropout({}, { headDropout: 0.1 }, true)).toThrow("a TorchScript module");
  expect(withDropout({ model_type: "xlnet" }, {}, true)).toEqual({ model_type: "xlnet" });
});
