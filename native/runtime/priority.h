#pragma once

namespace tagformer {

/// Makes the calling thread, and the threads that it starts from then on, give way to the other threads of
/// the process when there are too few cores: a thread that wakes up runs at once instead of after a time
/// slice of 3 to 8 ms. Processes of the same container are preferred too; where nothing else wants the cores,
/// nothing changes. Only on Linux, where a priority belongs to a thread (setpriority(2), sched(7)).
void give_way();

}  // namespace tagformer
