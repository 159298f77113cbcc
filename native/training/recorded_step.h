// Whole training steps that are recorded once for each shape of batch and then replayed.
#pragma once

#include "training/aten_adamw.h"
#include "training/step.h"

namespace tagformer {

/// A step of one batch is recorded the second time that its shape is met, and then replayed. Everything else,
/// and what there is too little memory to record, is left to `direct`. `optimizer` is that of `parts`, and
/// repeats itself.
std::unique_ptr<StepRunner> make_recorded_step(const StepParts& parts, AtenAdamW& optimizer,
                                               std::unique_ptr<StepRunner> direct);

}  // namespace tagformer
