// CUDA graphs: what is given to the device while one is recorded is noted, not done, and can be done again.
#pragma once

#include <functional>

namespace simulated {

/// Whether anything is recorded now. As in libtorch's strictest mode, threads are not told apart.
bool is_recording();
/// Notes what a kernel does. Numbers of the host are constants in it, and its memory stays where it is.
void note(std::function<void()> work);
/// What CUDA does not allow while it records.
void refuse_while_recording(const char* what);

}  // namespace simulated
