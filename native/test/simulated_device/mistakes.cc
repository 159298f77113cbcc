// Mistakes that a GPU would punish: mistakes DEVICE CASE makes one of them, and ends by a signal or with what
// libtorch says. Without CASE it prints the names of all, those that are none first marked "fine: ".
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <dlfcn.h>

#include <cstdio>
#include <cstring>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

at::TensorOptions there() { return at::TensorOptions().device(at::kCUDA); }
at::Tensor ones(at::IntArrayRef sizes) { return at::ones(sizes, there()); }

void expect(const at::Tensor& found, double value) {
  const double number = found.item<double>();
  if (number != value) throw std::runtime_error("wrong: " + std::to_string(number));
}

const std::map<std::string, std::function<void()>>& cases() {
  static const std::map<std::string, std::function<void()>> all{
      {"fine: a product", [] { expect(ones({3, 3}).mm(ones({3, 3})).sum(), 27); }},
      {"fine: a number of the CPU", [] { expect(ones({3}).add(at::ones({})).sum(), 6); }},
      {"fine: views and results that grow",
       [] {
         at::Tensor x = at::empty({0}, there());
         at::arange_out(x, 5);
         x.slice(0, 1, 3).zero_();
         at::Tensor y = at::empty({0}, there());
         expect(at::mul_out(y, x, x).sum(), 25);
       }},
      {"fine: a gradient",
       [] {
         const at::Tensor x = ones({3, 3}).requires_grad_(true);
         x.mm(x).sum().backward();
         expect(x.grad().sum(), 54);
       }},
      {"the host reads memory of the device", [] { std::printf("%f", *ones({3}).data_ptr<float>()); }},
      {"the host writes memory of the device", [] { *ones({3}).data_ptr<float>() = 1; }},
      {"memcpy from the device",
       [] {
         const at::Tensor x = ones({3});
         float y[3];
         std::memcpy(y, x.const_data_ptr(), sizeof y);
         std::printf("%f", y[0]);
       }},
      {"a sum with a tensor of the CPU", [] { ones({3}).add(at::ones({3})); }},
      {"a product with a tensor of the CPU", [] { ones({3, 3}).mm(at::ones({3, 3})); }},
      {"an embedding with indices of the CPU", [] { at::embedding(ones({3, 3}), at::ones({2}, at::kLong)); }},
      {"a selection with indices of the CPU",
       [] { at::index_select(ones({3, 3}), 0, at::ones({2}, at::kLong)); }},
      {"cat of both", [] { at::cat({ones({3}), at::ones({3})}); }},
      {"a norm with a weight of the CPU", [] { at::layer_norm(ones({3, 3}), {3}, at::ones({3}), {}); }},
      {"a linear layer with a bias of the CPU",
       [] { at::linear(ones({3, 3}), ones({3, 3}), at::ones({3})); }},
      {"a generator of the CPU",
       [] { at::empty({3}, there()).bernoulli_(0.5, at::detail::createCPUGenerator(1)); }},
      {"an operator without a kernel for CUDA", [] { at::mkldnn_linear(ones({3, 3}), ones({3, 3})); }},
      {"AdamW with its count on the CPU",
       [] {
         const std::vector<at::Tensor> p{ones({3})};
         const std::vector<at::Tensor> count{at::ones({})};
         at::_fused_adamw_(p, {ones({3})}, {ones({3})}, {ones({3})}, {}, count, at::full({}, 0.1, there()),
                           0.9, 0.99, 0.0, 1e-8, false, false);
       }},
      {"an index beyond a table",
       [] { at::embedding(ones({3, 3}), at::full({2}, 7, there().dtype(at::kLong))).sum().item<float>(); }},
      {"pinned memory read before it was waited for",
       [] {
         const at::Tensor y = at::empty({3}, at::TensorOptions().pinned_memory(true));
         y.copy_(ones({3}), /*non_blocking=*/true);
         expect(y[0], 1);
       }},
      {"pinned memory changed before it was sent",
       [] {
         const at::Tensor y = at::ones({3}).pin_memory();
         const at::Tensor x = y.to(at::kCUDA, /*non_blocking=*/true);
         y.fill_(9);
         expect(x.sum(), 3);
       }},
      {"memory that nothing was written to", [] { expect(at::empty({3}, there()).sum(), 0); }},
      {"memory that was freed",
       [] {
         at::Tensor x = ones({1000});
         const at::Tensor stale = at::from_blob(x.data_ptr(), {1000}, there());
         x = at::Tensor();
         expect(stale.sum(), 1000);
       }},
  };
  return all;
}

}  // namespace

int main(int count, char** words) {
  if (count < 3) {
    for (const auto& [name, body] : cases()) std::puts(name.c_str());
    return 0;
  }
  if (::dlopen(words[1], RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    std::puts(::dlerror());
    return 2;
  }
  try {
    cases().at(words[2])();
    return 0;
  } catch (const std::exception& error) {
    std::puts(error.what());
    return 1;
  }
}
