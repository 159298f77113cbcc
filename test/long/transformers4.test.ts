// Across versions: what transformers 4 saves is read here, and what is trained here is read by both versions.
import { describePipelines } from "../parity/describe-pipelines.js";

describePipelines(4, [4, 5]);
describePipelines(5, [4]);
