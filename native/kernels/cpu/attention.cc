// Attention of one head over one sequence, whose scores are products of queries and keys alone.
#include "kernels/cpu/attention.h"

#include "kernels/cpu/attend.h"

namespace tagformer::cpu::TAGFORMER_ISA {

template <typename T>
void attention_forward(const AttentionForward<T>& a, float* memory) {
  Workspace workspace(memory);
  ContentScores<T> scores(a, workspace);
  attend(a, scores, workspace);
}

template <typename T>
void attention_backward(const AttentionBackward<T>& a, float* memory) {
  Workspace workspace(memory);
  ContentScores<T> scores(a, workspace);
  attend_backward(a, scores, workspace);
}

template void attention_forward(const AttentionForward<float>&, float*);
template void attention_forward(const AttentionForward<bf16>&, float*);
template void attention_backward(const AttentionBackward<float>&, float*);
template void attention_backward(const AttentionBackward<bf16>&, float*);

}  // namespace tagformer::cpu::TAGFORMER_ISA
