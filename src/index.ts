// The public face of tagformer: nothing else is public.
export { Classifier, type ClassifierEvaluation, type Prediction } from "./classifier.js";
export { checkDataset, formatFindings } from "./data/check.js";
export type { Dataset } from "./data/dataset.js";
export {
  type ReadDatasetOptions,
  type ReadResult,
  readDataset,
  readTexts,
  type TextRow,
} from "./data/read.js";
export { type Split, type SplitOptions, stratifiedSplit } from "./data/split.js";
export { type ErrorCode, TagformerError } from "./errors.js";
export { type Evaluation, evaluate, type LabelMetrics } from "./evaluation/metrics.js";
export { type Mistake, worstMistakes } from "./evaluation/mistakes.js";
export { classificationReport } from "./evaluation/report.js";
export type { Scores, Thresholds } from "./evaluation/scores.js";
export type { CallOptions, Precision } from "./native.js";
export type { ModelOptions, TrainingOptions } from "./options.js";
export { Trainer, type TrainingRun } from "./trainer.js";
export type {
  EndEvent,
  EpochEvent,
  StartEvent,
  StepEvent,
  TrainingEvent,
  ValidationProgressEvent,
} from "./training/events.js";
export type { ModelSource, RunData } from "./training/prepare.js";
