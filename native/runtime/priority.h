#pragma once

namespace tagformer {

/// Makes the calling thread, and the threads that it starts from then on, give way to the process's others
/// when there are too few cores for all: a caller that wakes up goes on at once instead of after a time slice
/// of 3 to 8 ms. Processes of the same container are preferred too; where nothing else wants the cores,
/// nothing changes. Only on Linux, where a priority belongs to a thread (setpriority(2), sched(7)).
void give_way();

}  // namespace tagformer
