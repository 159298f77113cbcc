// Four hundred random configurations of all architectures against transformers, from another seed than the usual tests;
// about a quarter of an hour on two cores.
import { describeParity } from "../parity/describe-parity.js";
import { randomCases } from "../parity/random-configs.js";

describeParity(randomCases(21, () => 40));
