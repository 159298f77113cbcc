/**
 * Read a table with {@link readDataset}, train with a {@link Trainer}, use the result with a {@link Classifier}.
 * {@link checkDataset} looks for trouble before a training, {@link evaluate} and {@link classificationReport} judge any
 * scores, and {@link readTexts} streams a table that is larger than the memory. Whatever fails does so with a
 * {@link TagformerError}. Only what this module and that of `tagformer/serve` export is public.
 *
 * @packageDocumentation
 */

export type { CallOptions } from "./base/cancel.js";
export { type ErrorCode, TagformerError } from "./base/errors.js";
export type { ClassifierEvaluation, ClassifierTuning } from "./classifier/evaluation.js";
export type { ClassifierInfo } from "./classifier/info.js";
export { ModelSlot } from "./classifier/model-slot.js";
export { Classifier } from "./classifier.js";
export type { OnBadRow, OnEncodingError, SkippedRow } from "./data/bad-rows.js";
export {
  checkDataset,
  type DatasetCheck,
  type Finding,
  type FindingKind,
  formatFindings,
  type LabelCounts,
} from "./data/check.js";
export type { Texts } from "./data/compressed-texts.js";
export type { Dataset, LabelledRows } from "./data/dataset.js";
export { datasetFromRows, type FieldOf, type RowsOptions } from "./data/from-rows.js";
export { clustersOf } from "./data/groups.js";
export type {
  CombinationInspection,
  Cut,
  Inspection,
  LabelCombination,
  LabelInspection,
  TokenInspection,
} from "./data/inspection.js";
export type { LengthRange, LengthStatistics, Quantile } from "./data/length-statistics.js";
export type { LabelFormat } from "./data/list-notation.js";
export type {
  ColumnOptions,
  ReadDatasetOptions,
  ReadTextsOptions,
  TableOptions,
} from "./data/options.js";
export {
  type FoldsWithTestOptions,
  foldsWithTest,
  type PartsOptions,
  trainValidationTestSplit,
} from "./data/parts.js";
export {
  type ReadColumns,
  type ReadResult,
  readDataset,
  readTexts,
  type TextRow,
} from "./data/read.js";
export type { RowUnit } from "./data/row.js";
export { selectRows } from "./data/select-rows.js";
export type { Shard } from "./data/shard.js";
export type { TableFormat, TableStream, WebStream, WebStreamReader } from "./data/source.js";
export {
  type FoldOptions,
  type Split,
  type SplitOptions,
  type StratifyOptions,
  stratifiedFolds,
  stratifiedSplit,
} from "./data/split.js";
export { formatFolds, formatSplit, readSplit } from "./data/split-file.js";
export {
  confidenceIntervals,
  type Interval,
  type Intervals,
  type LabelInterval,
} from "./evaluation/bootstrap.js";
export type { Calibration, ReliabilityBin } from "./evaluation/calibration.js";
export {
  type ComparedFigure,
  type ComparedLabel,
  type ComparedRun,
  type Comparison,
  compareScores,
} from "./evaluation/compare.js";
export { type Convention, describeConvention } from "./evaluation/conventions.js";
export type { Counts, DecisionMetrics } from "./evaluation/counts.js";
export type { CurvePoint, ThresholdPoint } from "./evaluation/curves.js";
export {
  type Curves,
  type EvaluationDetails,
  evaluationDetails,
  type LabelCurves,
} from "./evaluation/details.js";
export { type Example, surestExamples } from "./evaluation/examples.js";
export type { Figures } from "./evaluation/figures.js";
export type { HierarchicalMetrics, Hierarchy, Parents } from "./evaluation/hierarchy.js";
export type { TestFigures } from "./evaluation/jobs.js";
export { type LabelErrors, type SuspectedLabel, suspectedLabelErrors } from "./evaluation/label-errors.js";
export type { LabelRanking } from "./evaluation/label-ranking.js";
export { type AverageMetrics, type Evaluation, evaluate, type LabelMetrics } from "./evaluation/metrics.js";
export { type LabelMistakes, type Mistake, mistakesByLabel, worstMistakes } from "./evaluation/mistakes.js";
export type { LabelPairs } from "./evaluation/pairs.js";
export type { Ranking } from "./evaluation/ranking.js";
export type { HierarchicalThresholds, Scores, Thresholds } from "./evaluation/scores.js";
export type { LabelTarget } from "./evaluation/targets.js";
export { classificationReport } from "./evaluation/text-report.js";
export { type Decision, type MacroInstead, type Tuning, tune } from "./evaluation/tuning.js";
export type { ResolveOptions } from "./model/hub/download.js";
export { resolveModel } from "./model/hub/resolve.js";
export type { SeenTexts } from "./model/seen-texts.js";
export { readValidation, type StoredPredictions } from "./model/stored-predictions.js";
export type { ExportCheck, Precision } from "./native/types.js";
export type { ExplanationOptions, ExportOptions, ScoreOptions } from "./options/calls.js";
export type { CheckpointOptions } from "./options/checkpoints.js";
export type { DistributedOptions, ProcessPlace } from "./options/distributed.js";
export type { ResamplingOptions, TuningOptions, TuningSettings } from "./options/evaluation.js";
export type { ClassifierOptions, Device, ModelOptions } from "./options/model.js";
export type { BaselineOptions, TrainingOptions } from "./options/training.js";
export type { InferenceOptions } from "./predict/encoded-texts.js";
export type { Explanation, TokenContribution } from "./predict/explanation.js";
export type { Prediction, TextScores, TokenCount } from "./predict/prediction.js";
export type { Pending } from "./predict/predictor.js";
export type { BatchTotals } from "./predict/row-queue.js";
export type { SeenToken } from "./predict/seen-tokens.js";
export type { AnyTexts, TextSource } from "./predict/texts.js";
export type { CallTimes } from "./predict/ticket.js";
export type { BaselineFigures } from "./report/baseline-words.js";
export type { EvaluationReport, ShownExample, ShownMistake, ShownRows } from "./report/evaluation-page.js";
export { explanationPage } from "./report/explanation-page.js";
export { evaluationPage, inspectionPage } from "./report/render.js";
export { type InspectOptions, inspectDataset } from "./text/inspect-dataset.js";
export type { TokenCounts } from "./text/token-counts.js";
export type { Choice } from "./training/auto/choice.js";
export type { TrialFigures } from "./training/auto/figures.js";
export type {
  CheckpointFailedEvent,
  EndEvent,
  EpochEvent,
  ResumedEvent,
  SearchEvent,
  StartEvent,
  StepEvent,
  TestProgressEvent,
  TrainingEvent,
  TrialEndEvent,
  TrialStepEvent,
  ValidationProgressEvent,
} from "./training/events.js";
export type { ModelSource, RunData } from "./training/prepare.js";
export { type BaselineModel, type BaselineRun, trainBaseline } from "./training/train-baseline.js";
export { Trainer, type TrainingRun } from "./training/trainer.js";
