import { describePipelines } from "./describe-pipelines.js";

describePipelines(5, [5]);
