// A socket that listens on one address: c10d's own listen on all of them.
#pragma once

#include <cstdint>
#include <string>

namespace tagformer {

/// A listening socket for a store, which then owns it. `address` is IPv4 or IPv6 in numbers. Throws
/// DISTRIBUTED.
int listening_socket(const std::string& address, std::uint16_t port);

}  // namespace tagformer
